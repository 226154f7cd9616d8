INSERT INTO certificate (domain, account, wanted, inputs, renew_before, certificate_id, held_account, not_before, not_after,
    fingerprint, installed_at, failures, retry_at, last_class, last_code, last_error, forced_at, next_at, looked_at)
VALUES ('wgc.red', 'default', 1, 'inputs', 2592000000, 'aB3dE5gH', 'default', 1767000000000, 1774776000000, 'f1',
    1767000100000, 2, 1770000600000, 'transient', 'InternalError', 'no luck', NULL, 1770000600000, 1769990000000);
INSERT INTO certificate (domain, account, wanted, inputs, renew_before, parked_reason, parked_remedy, parked_inputs, parked_at,
    foreign_order, foreign_since)
VALUES ('shop.example.com', 'default', 1, 'inputs', 2592000000, 'a reason', 'a remedy', 'inputs', 1769990000000, 'xyz',
    1769990000000);
INSERT INTO order_ (id, domain, account, marker, algorithm, method, link, renewal, adopted, stage, certificate_id, signed_at,
    looks, since, deadline, status, opened_at)
VALUES ('o1', 'wgc.red', 'default', 'ec-abcdef-o1', 'ECC', 'DNS', 'aB3dE5gH', 1, 0, 'pending', 'new1', 1769990000000, 1,
    1769990001000, 1770249200000, 4, 1769990000000);
INSERT INTO proof (order_id, means, challenges, handles, stage, since, next_at) VALUES ('o1', '{"exec":["/bin/true"]}',
    '[{"kind":"txt","name":"_dnsauth.wgc.red","value":"2024abc"}]', '[null]', 'up', 1769990000000, 1769990000000);
INSERT INTO delivery (domain, target, kind, title, state, delivered, delivered_not_after, attempts, next_at) VALUES
    ('wgc.red', 't1', 'install', 'pem /x', '{"install":{}}', 'f1', 1774776000000, 1, 1769990000000);
INSERT INTO hold (account, scope, name, until, times, class, message) VALUES
    ('default', 'orders', '', 1770000900000, 3, 'quota', 'too many');
INSERT INTO sweep (account, at, slots, holdings) VALUES ('default', 1769990000000, 1,
    '[{"certificate_id":"aB3dE5gH","domain":"wgc.red","main_domain":"wgc.red","alias":"","status":1,"state":"issued","slot":true,"not_after":1774776000000,"inserted":1767000000000}]');
INSERT INTO gone_back (domain, over, fingerprint, not_after) VALUES ('wgc.red', 'f1', 'f0', 1772000000000);
INSERT INTO request (verb, created_at) VALUES ('{"verb":"renew","about":{"domains":["wgc.red"],"force":true}}', 1769990000000);
