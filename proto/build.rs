//! Compiles every proto under `proto/rapport` without `protoc`.
//!
//! Writes the generated types and the complete descriptor set (custom options,
//! comments and imports) that the gateway, reflection and `rapport protos` serve.

use std::path::{Path, PathBuf};

use prost::Message;
use prost_types::{FieldDescriptorProto, FileDescriptorSet};
use protox::Compiler;
use protox::file::{
    ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    // tonic-prost-build's own switch for this has no effect.
    for folder in ["rapport", "third_party"] {
        println!("cargo:rerun-if-changed={}", root.join(folder).display());
    }

    let encoded = compile(&root, Comments::Kept)?;
    std::fs::write(out.join("rapport.binpb"), &encoded)?;
    std::fs::write(out.join("terse.binpb"), compile(&root, Comments::Left)?)?;
    let descriptors = FileDescriptorSet::decode(encoded.as_slice())?;
    std::fs::write(out.join("request_ids.rs"), request_ids(&descriptors))?;
    generate(descriptors)
}

/// What becomes of the comments and of where in its file each thing stands.
#[derive(PartialEq)]
enum Comments {
    Kept,
    Left,
}

/// All protos as one encoded descriptor set.
///
/// `encode_file_descriptor_set` keeps custom options; decoding into prost's own
/// descriptor types first would drop them.
fn compile(root: &Path, comments: Comments) -> Result<Vec<u8>> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(root.to_owned()));
    resolver.add(IncludeFileResolver::new(root.join("third_party")));
    let validate = std::fs::read(root.join("third_party/buf/validate.binpb"))?;
    resolver.add(DescriptorSetFileResolver::decode(validate.as_slice())?);
    resolver.add(GoogleFileResolver::new());

    let mut compiler = Compiler::with_file_resolver(resolver);
    compiler
        .include_imports(true)
        .include_source_info(comments == Comments::Kept);
    for file in protos(root, &root.join("rapport"))? {
        compiler.open_file(file)?;
    }
    // No RPC names them, but every failure carries them.
    for details in ["google/rpc/error_details.proto", "google/rpc/status.proto"] {
        compiler.open_file(details)?;
    }
    Ok(compiler.encode_file_descriptor_set())
}

/// Paths, relative to `root`, of the proto files below `folder`, sorted.
fn protos(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos(root, &path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path.strip_prefix(root)?.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

/// Tells, of every message that carries a `request_id`, how to read it.
fn request_ids(descriptors: &FileDescriptorSet) -> String {
    let ours = descriptors
        .file
        .iter()
        .filter(|file| file.package().starts_with("rapport."));
    let named = ours.flat_map(|file| {
        let module = file
            .package()
            .replace(".type.", ".r#type.")
            .replace('.', "::");
        let carry = file.message_type.iter().filter(|message| {
            let is_id = |field: &FieldDescriptorProto| field.name() == "request_id";
            message.field.iter().any(is_id)
        });
        carry.map(move |message| format!("{module}::{}", message.name()))
    });
    let one = |message| {
        format!(
            "impl RequestId for {message} {{ fn request_id(&self) -> &str {{ &self.request_id }} }}\n"
        )
    };
    named.map(one).collect()
}

fn generate(mut descriptors: FileDescriptorSet) -> Result<()> {
    // Validation rules are read from the descriptors at run time; no types for them.
    descriptors
        .file
        .retain(|file| file.package() != "buf.validate");
    for file in &mut descriptors.file {
        file.dependency
            .retain(|import| import != "buf/validate/validate.proto");
    }
    let mut config = tonic_prost_build::Config::new();
    config.enable_type_names();
    // Sorted maps: the same message always encodes to the same bytes, by which a repeated
    // request is known.
    config.btree_map(["."]);
    config.include_file("rapport_protos.rs");
    tonic_prost_build::configure()
        .compile_well_known_types(false)
        .compile_fds_with_config(descriptors, config)?;
    Ok(())
}
