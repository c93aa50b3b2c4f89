-- What one CreateCustomer with a request_id and an external id writes, statement by statement.
-- `i` counts up and comes first in the keys, which are thus ordered by time as UUIDv7 are.
\set i :i + 1
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO customer.idempotency (tenant_id, request_id, method, fingerprint, response, expire_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), 'rapport.customer.v1.CustomerService/CreateCustomer',
        decode(repeat('ab', 32), 'hex'), NULL, 1800000000000000)
    ON CONFLICT (tenant_id, request_id) DO NOTHING;
INSERT INTO customer.customer (tenant_id, customer_id, kind, name, attributes, lifecycle_stage, version, create_time, update_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid, 1, 'Ana Müller', '{}', 1, 1, 1800000000000000, 1800000000000000);
INSERT INTO customer.customer_external_id (tenant_id, system, external_id, customer_id)
    VALUES ('00000000-0000-7000-8000-000000000001', 'pgbench', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid) ON CONFLICT DO NOTHING;
INSERT INTO customer.search_term (tenant_id, field, term, customer_id)
    VALUES ('00000000-0000-7000-8000-000000000001', 1, 'ana', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid), ('00000000-0000-7000-8000-000000000001', 1, 'muller', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid),
        ('00000000-0000-7000-8000-000000000001', 1, 'ana muller', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid), ('00000000-0000-7000-8000-000000000001', 4, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid)
    ON CONFLICT DO NOTHING;
INSERT INTO customer.blocking_key (tenant_id, key, customer_id)
    VALUES ('00000000-0000-7000-8000-000000000001', -5886345204390544217, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid)
    ON CONFLICT (tenant_id, key, customer_id) DO NOTHING;
INSERT INTO customer.stage_change (tenant_id, customer_id, stage_change_id, from_stage, to_stage, reason, actor, change_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid, 0, 1, 'recorded', 'users/local', 1800000000000000);
INSERT INTO customer.outbox (tenant_id, event_id, kind, aggregate, version, payload, create_time, publish_time, attempts)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid, 'rapport.customer.v1.CustomerCreated', 'customers/' || (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0')), 1,
        decode(repeat('00', 300), 'hex'), 1800000000000000, 1800000000000000, 0);
UPDATE customer.idempotency SET response = decode(repeat('00', 200), 'hex')
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND request_id = (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'));
COMMIT;
