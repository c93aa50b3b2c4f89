-- What a forecast reads, as one aggregate of the history.
EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON)
SELECT owner_id, currency, state, category, probability, COUNT(*), CAST(SUM(amount) AS BIGINT)
FROM sales.stage_change
WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND close_date >= 20300101 AND close_date < 20300201
  AND change_time <= 1795000000000000 AND (end_time IS NULL OR end_time > 1795000000000000)
  AND amount IS NOT NULL AND state <> 3 AND category <> 5
GROUP BY owner_id, currency, state, category, probability;
