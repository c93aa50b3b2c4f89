//! What the tests share: protos compiled on the spot, and hand-made wire bytes.

use std::path::Path;

use prost_reflect::DescriptorPool;
use protox::Compiler;
use protox::file::{
    ChainFileResolver, DescriptorSetFileResolver, File, FileResolver, GoogleFileResolver,
    IncludeFileResolver,
};

/// The messages and services in `body`, as package `test.v1`, with our options at hand.
pub(crate) fn compile(body: &str) -> DescriptorPool {
    let source = format!(
        r#"
        syntax = "proto3";
        package test.v1;
        import "buf/validate/validate.proto";
        import "rapport/gateway/v1/access_service.proto";
        import "rapport/options/v1/field.proto";
        import "rapport/options/v1/method.proto";
        import "rapport/type/v1/channel.proto";
        import "rapport/type/v1/purpose.proto";
        {body}
        "#
    );
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
    let validate = std::fs::read(root.join("third_party/buf/validate.binpb")).unwrap();
    let mut resolver = ChainFileResolver::new();
    resolver.add(InMemory(source));
    resolver.add(IncludeFileResolver::new(root.clone()));
    resolver.add(IncludeFileResolver::new(root.join("third_party")));
    resolver.add(DescriptorSetFileResolver::decode(validate.as_slice()).unwrap());
    resolver.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .include_imports(true)
        .open_file("test.proto")
        .unwrap();
    // Not `file_descriptor_set`: it loses the options.
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

struct InMemory(String);

impl FileResolver for InMemory {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        match name {
            "test.proto" => File::from_source(name, &self.0),
            _ => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// A length-delimited field.
pub(crate) fn numbered(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut field = Vec::new();
    prost::encoding::encode_varint(u64::from(number << 3 | 2), &mut field);
    prost::encoding::encode_varint(bytes.len() as u64, &mut field);
    field.extend_from_slice(bytes);
    field
}
