-- What one CreateQuote with a request_id and one line writes, statement by statement. `i` counts up
-- and comes first in the keys, which are thus ordered by time as UUIDv7 are; they end otherwise than
-- those of `sales_rate_move.sql`, which runs before.
\set i :i + 1
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO sales.idempotency (tenant_id, request_id, method, fingerprint, response, expire_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0')), 'CreateQuoteRequest', decode(repeat('ab', 32), 'hex'), NULL, 1800000000000000)
    ON CONFLICT (tenant_id, request_id) DO NOTHING;
INSERT INTO sales.quote (tenant_id, quote_id, customer_id, customer, title, currency, net, tax, revision, content_hash, state,
        owner, submission, policy_version, version, create_time, update_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0'))::uuid, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0'))::uuid, 'customers/' || (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0')), 'Pens', 'EUR', 95000, 7695, 1, decode(repeat('ab', 32), 'hex'), 1,
        'users/local', 0, 0, 1, 1800000000000000, 1800000000000000);
INSERT INTO sales.quote_revision (tenant_id, quote_id, revision, document, author, needed_levels, policy_version, create_time)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0'))::uuid, 1, decode(repeat('00', 450), 'hex'), 'users/local', '[]', 0, 1800000000000000);
INSERT INTO sales.outbox (tenant_id, event_id, kind, aggregate, version, payload, create_time, publish_time, attempts)
    VALUES ('00000000-0000-7000-8000-000000000001', (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0'))::uuid, 'rapport.sales.v1.QuoteCreated', 'quotes/' || (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0')), 1,
        decode(repeat('00', 700), 'hex'), 1800000000000000, 1800000000000000, 0);
UPDATE sales.idempotency SET response = decode(repeat('00', 600), 'hex')
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001' AND request_id = (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1001), 20, '0'));
COMMIT;
