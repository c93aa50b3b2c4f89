-- The first page of 50 of a seller's opportunities in a stage, and one more that tells of the next.
EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON)
SELECT * FROM sales.opportunity
WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND owner_id = '00000000-0007-7000-b000-000000000000'
  AND stage = 'early' AND opportunity_id > '00000000-0000-0000-0000-000000000000'
ORDER BY opportunity_id LIMIT 51;
