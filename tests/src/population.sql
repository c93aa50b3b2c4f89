-- Customers 1 to :size, each with an e-mail address and nothing else. Their ids are in the order
-- of their numbers, as UUIDv7 are in the order of time.
BEGIN;
INSERT INTO customer.customer (tenant_id, customer_id, kind, name, attributes, lifecycle_stage, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid,
       1, 'Customer ' || n, '{}', 1, 1, 1700000000000000, 1700000000000000
FROM generate_series(1, :size) AS n;
INSERT INTO customer.contact_point (tenant_id, customer_id, contact_point_id, kind, address, address_digest, channels, rank, state, state_time, version, create_time, update_time)
SELECT '00000000-0000-7000-8000-000000000001', (lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid,
       (lpad(to_hex(n), 12, '0') || '70009000000000000000')::uuid,
       1, 'customer' || n || '@example.com', sha256(('customer' || n)::bytea), 1 << 6, 32767, 1,
       1700000000000000, 1, 1700000000000000, 1700000000000000
FROM generate_series(1, :size) AS n;
COMMIT;
VACUUM ANALYZE;
