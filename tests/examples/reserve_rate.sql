-- The least that one ReserveContact with a request_id could do, in one statement, which is a
-- transaction by itself: one of the customer's contacts is used up, if any is left, and the permit
-- is kept. `i` counts up and comes first in the keys, which are thus ordered by time as UUIDv7 are.
\set i :i + 1
\set customer random(1, 10000)
WITH counted AS (
    UPDATE customer.contact_clearance SET spare = spare - 1
    WHERE tenant_id = '00000000-0000-7000-8000-000000000001'
      AND customer_id = (lpad(to_hex(:customer::bigint), 12, '0') || '70008000000000000000')::uuid AND spare > 0
    RETURNING customer_id)
INSERT INTO customer.contact_permit (tenant_id, customer_id, contact_permit_id, channel, purpose, state, reserve_time, expire_time, policy_version, holder, refusals, request_id)
SELECT '00000000-0000-7000-8000-000000000001', customer_id, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid,
       6, 3, 1, 1800000000000000, 1800000600000000, 0, 'users/local', 0, (lpad(to_hex(:i::bigint), 12, '0') || lpad(to_hex(:client_id::bigint + 1), 20, '0'))::uuid
FROM counted
RETURNING contact_permit_id;
