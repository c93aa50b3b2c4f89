//! The stories' own key pair. It protects nothing: no suite outside the tests believes it.

pub(super) const PRIVATE: &str = "\
-----BEGIN PRIVATE KEY-----\n\
MC4CAQAwBQYDK2VwBCIEIGkILCKj76hhVkYiNtIyJpm+g3W/RGAcyzwtSaLG357x\n\
-----END PRIVATE KEY-----\n";

pub(super) const PUBLIC: &str = r#"{"keys": [{
    "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "test",
    "x": "QuwFRpOy8HJIUwysmhGvtO8nlzaI16-Fmue1FfFGRlM"
}]}"#;
