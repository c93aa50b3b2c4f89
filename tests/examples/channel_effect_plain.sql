EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON)
SELECT channel, purpose, direction, count(*) FROM customer.interaction
WHERE tenant_id = '00000000-0000-7000-8000-000000000001'
  AND occur_time >= 1775001600000000 AND occur_time < 1777593600000000
GROUP BY channel, purpose, direction;
