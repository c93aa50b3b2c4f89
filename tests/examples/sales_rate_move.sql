-- What one MoveOpportunity with a request_id reads and writes, statement by statement. `i` counts up
-- and comes first in the keys, which are thus ordered by time as UUIDv7 are.
\set i :i + 1
-- Each client has opportunities of its own, behind those that the suite moves.
\set deal 20000 + (:i * 8 + :client_id) % 20000 + 1
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO sales.idempotency (tenant_id, request_id, method, fingerprint, response, expire_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), 'MoveOpportunityRequest', decode(repeat('ab', 32), 'hex'), NULL, 1800000000000000)
    ON CONFLICT (tenant_id, request_id) DO NOTHING;
SELECT * FROM sales.opportunity WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND opportunity_id = (lpad(to_hex(:deal::bigint), 12, '0') || '70008000000000000000')::uuid;
SELECT * FROM sales.opportunity_line WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND opportunity_id = (lpad(to_hex(:deal::bigint), 12, '0') || '70008000000000000000')::uuid;
SELECT * FROM sales.pipeline WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND pipeline_id = '00000000-0000-7000-a000-000000000001' FOR SHARE;
UPDATE sales.opportunity SET stage = 'late', probability = 80, category = 3, stage_enter_time = 1800000000000000 + :i,
        change_time = 1800000000000000 + :i, version = version + 1, update_time = 1800000000000000 + :i
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND opportunity_id = (lpad(to_hex(:deal::bigint), 12, '0') || '70008000000000000000')::uuid;
UPDATE sales.stage_change SET end_time = 1800000000000000 + :i
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND opportunity_id = (lpad(to_hex(:deal::bigint), 12, '0') || '70008000000000000000')::uuid AND end_time IS NULL;
INSERT INTO sales.stage_change (tenant_id, opportunity_id, version, from_stage, from_state, to_stage, from_enter_time, state,
        pipeline_id, owner_id, amount, currency, probability, category, close_date, actor, change_time, record_time)
    SELECT tenant_id, opportunity_id, version, 'early', 1, stage, 1700000000000000, state, pipeline_id, owner_id, amount, currency,
        probability, category, close_date, 'users/local', change_time, change_time
    FROM sales.opportunity WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND opportunity_id = (lpad(to_hex(:deal::bigint), 12, '0') || '70008000000000000000')::uuid;
INSERT INTO sales.outbox (tenant_id, event_id, kind, aggregate, version, payload, create_time, publish_time, attempts)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid, 'rapport.sales.v1.OpportunityMoved', 'opportunities/' || (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), 2,
        decode(repeat('00', 400), 'hex'), 1800000000000000, 1800000000000000, 0);
UPDATE sales.idempotency SET response = decode(repeat('00', 300), 'hex')
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND request_id = (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'));
COMMIT;
