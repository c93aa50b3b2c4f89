-- What the effect of channels is counted from: 1,000,000 contacts in April 2026 with :customers customers
-- of the embedded tenant, turns of answers among them, and 100,000 refusals.
BEGIN;
INSERT INTO customer.interaction (tenant_id, customer_id, interaction_id, channel, direction, purpose, agent, summary, occur_time, links, recorder, record_time)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(1 + n % :customers), 12, '0') || '70008000000000000000')::uuid,
       (lpad(to_hex(1775001600000 + n * 2), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       1 + n % 7, 2 - (n / :customers % 3 = 0)::int, 1 + n % 3, 'agent', 'contact',
       (1775001600000 + n * 2) * 1000, '[]', 'bench', (1775001600000 + n * 2) * 1000
FROM generate_series(1, 1000000) AS n;
INSERT INTO customer.contact_permit (tenant_id, customer_id, contact_permit_id, channel, purpose, state, reserve_time, expire_time, settle_time, policy_version, holder, refusals)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(1 + n % :customers), 12, '0') || '70008000000000000000')::uuid,
       (lpad(to_hex(1775001600000 + n * 20), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
       1 + n % 7, 1 + n % 3, 5, (1775001600000 + n * 20) * 1000, (1775001600000 + n * 20) * 1000, (1775001600000 + n * 20) * 1000,
       0, 'bench', 1 << (1 + n % 10)
FROM generate_series(1, 100000) AS n;
COMMIT;
VACUUM ANALYZE;
