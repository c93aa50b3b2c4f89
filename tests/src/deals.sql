-- A pipeline, 50 sellers of whom the first manages the others, and opportunities 1 to :size, each
-- open in the stage `early` with one entry of its history and closing in 2030. Their ids are in the
-- order of their numbers, as UUIDv7 are in the order of time.
BEGIN;
INSERT INTO sales.pipeline (tenant_id, pipeline_id, display_name, stages, close_reasons, version, create_time, update_time)
VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-a000-000000000001', 'Deals',
        '[{"key": "early", "state": 1, "category": 1, "probability": 50, "display_name": "Early", "stalled_after_days": 0},
          {"key": "late", "state": 1, "category": 3, "probability": 80, "display_name": "Late", "stalled_after_days": 0},
          {"key": "won", "state": 2, "category": 4, "probability": 100, "display_name": "Won", "stalled_after_days": 0},
          {"key": "lost", "state": 3, "category": 5, "probability": 0, "display_name": "Lost", "stalled_after_days": 0}]',
        '[]', 1, 1700000000000000, 1700000000000000);
INSERT INTO sales.seller (tenant_id, seller_id, display_name, principal, manager_id, team, region, state, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(n), 12, '0') || '7000b000000000000000')::uuid,
       'Seller ' || n, 'employees/seller' || n,
       CASE WHEN n > 0 THEN '00000000-0000-7000-b000-000000000000'::uuid END,
       'Team ' || n % 5, 'Region', 1, 1, 1700000000000000, 1700000000000000
FROM generate_series(0, 49) AS n;
INSERT INTO sales.seller_history (tenant_id, seller_id, start_time, manager_id, team, region)
SELECT tenant_id, seller_id, 0, manager_id, team, region FROM sales.seller
WHERE tenant_id = '00000000-0000-7000-8000-000000000001';
INSERT INTO sales.opportunity (tenant_id, opportunity_id, display_name, owner_id, pipeline_id, stage, state, amount, currency,
    probability, category, close_date, open_time, stage_enter_time, change_time, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid,
       'Deal ' || n, (lpad(to_hex(n % 50), 12, '0') || '7000b000000000000000')::uuid,
       '00000000-0000-7000-a000-000000000001', 'early', 1, 10000, 'EUR', 50, 1, 20300101 + n % 28,
       1700000000000000, 1700000000000000, 1700000000000000, 1, 1700000000000000, 1700000000000000
FROM generate_series(1, :size) AS n;
INSERT INTO sales.stage_change (tenant_id, opportunity_id, version, to_stage, state, pipeline_id, owner_id, amount, currency,
    probability, category, close_date, actor, change_time, record_time)
SELECT tenant_id, opportunity_id, 1, stage, state, pipeline_id, owner_id, amount, currency, probability, category,
       close_date, 'users/local', change_time, create_time
FROM sales.opportunity;
COMMIT;
VACUUM ANALYZE;
