//! The protos as one image that `buf` reads, compiled without `protoc`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use prost::Message;
use prost::encoding::{DecodeContext, decode_key, skip_field};
use protox::Compiler;
use protox::file::{
    ChainFileResolver, DescriptorSetFileResolver, GoogleFileResolver, IncludeFileResolver,
};

/// Folder of the third-party protos, below the folder of ours.
pub(crate) const THIRD_PARTY: &str = "third_party";
/// The compiled `buf/validate/validate.proto`, below the folder of our protos.
pub(crate) const VALIDATE: &str = "third_party/buf/validate.binpb";

/// The field of a file's descriptor (google/protobuf/descriptor.proto).
const SOURCE_CODE_INFO: u32 = 9;

/// A `buf` image: a descriptor set whose files say whether they are ours.
///
/// The files stay encoded: decoding them into types that do not know our options would drop
/// the options.
#[derive(Clone, PartialEq, Message)]
struct Image {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// What `buf` adds to a file's descriptor.
#[derive(Clone, PartialEq, Message)]
struct ImageFile {
    #[prost(message, optional, tag = "8042")]
    extension: Option<ImageFileExtension>,
}

#[derive(Clone, PartialEq, Message)]
struct ImageFileExtension {
    /// Imported, not ours: neither style nor compatibility of the file is for us to keep.
    #[prost(bool, optional, tag = "1")]
    is_import: Option<bool>,
}

/// Compiles all protos below `folder`, laid out as our `proto/`, into an encoded image.
pub(crate) fn image(folder: &Path) -> Result<Vec<u8>> {
    let own = own_files(folder)?;
    let mut compiler = Compiler::with_file_resolver(resolver(folder)?);
    compiler.open_files(&own)?;
    let mut image = Image::default();
    for file in compiler.descriptor_pool().files() {
        let is_import = !own.iter().any(|path| path == Path::new(file.name()));
        let mut bytes = file.encode_to_vec();
        ImageFile {
            extension: is_import.then_some(ImageFileExtension {
                is_import: Some(true),
            }),
        }
        .encode(&mut bytes)?;
        image.file.push(bytes);
    }
    Ok(image.encode_to_vec())
}

/// The image without comments and places in files, which compatibility does not ask for.
pub(crate) fn without_comments(image: &[u8]) -> Result<Vec<u8>> {
    let mut image = Image::decode(image)?;
    for file in &mut image.file {
        *file = without_field(SOURCE_CODE_INFO, file)?;
    }
    Ok(image.encode_to_vec())
}

/// An encoded message without one of its fields.
fn without_field(left_out: u32, message: &[u8]) -> Result<Vec<u8>> {
    let (mut rest, mut kept) = (message, Vec::new());
    while !rest.is_empty() {
        let field = rest;
        let (tag, wire_type) = decode_key(&mut rest)?;
        skip_field(wire_type, tag, &mut rest, DecodeContext::default())?;
        if tag != left_out {
            kept.extend_from_slice(&field[..field.len() - rest.len()]);
        }
    }
    Ok(kept)
}

/// Where imports come from: our tree, the third-party tree, `buf/validate` as it was compiled
/// once, and Google's well-known types that protox brings.
fn resolver(folder: &Path) -> Result<ChainFileResolver> {
    let mut resolver = ChainFileResolver::new();
    resolver.add(IncludeFileResolver::new(folder.to_owned()));
    resolver.add(IncludeFileResolver::new(folder.join(THIRD_PARTY)));
    let validate = folder.join(VALIDATE);
    let validate = fs::read(&validate).with_context(|| format!("read {}", validate.display()))?;
    resolver.add(DescriptorSetFileResolver::decode(validate.as_slice())?);
    resolver.add(GoogleFileResolver::new());
    Ok(resolver)
}

/// Our own protos, relative to `folder`, sorted.
fn own_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        for entry in
            fs::read_dir(&current).with_context(|| format!("list {}", current.display()))?
        {
            let path = entry?.path();
            if path.is_dir() && path != folder.join(THIRD_PARTY) {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "proto")
            {
                found.push(path.strip_prefix(folder)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The self-contained descriptor set of `buf/validate/validate.proto` below `include`.
pub(crate) fn validate_descriptors(include: &Path) -> Result<Vec<u8>> {
    let mut compiler = Compiler::new([include])?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_file("buf/validate/validate.proto")?;
    Ok(compiler.encode_file_descriptor_set())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Listed {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(message, optional, tag = "8042")]
        extension: Option<ImageFileExtension>,
    }

    #[test]
    fn comments_are_left_out_and_nothing_else() {
        // Name, source code info, and what `buf` adds.
        let of_file = [0x0a, 1, b'a', 0x4a, 2, 0x0a, 0, 0xd2, 0xf6, 3, 0];
        let image = Image {
            file: vec![of_file.to_vec()],
        };
        let bare = without_comments(&image.encode_to_vec()).unwrap();
        let bare = Image::decode(bare.as_slice()).unwrap();
        assert_eq!(bare.file, [[0x0a, 1, b'a', 0xd2, 0xf6, 3, 0]]);
    }

    #[test]
    fn only_our_own_files_are_ours_to_check() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto");
        let image = Image::decode(image(&folder).unwrap().as_slice()).unwrap();

        let mut names = Vec::new();
        for file in &image.file {
            let file = Listed::decode(file.as_slice()).unwrap();
            let is_own = file.name.starts_with("rapport/");
            assert_eq!(file.extension.is_none(), is_own, "{}", file.name);
            names.push(file.name);
        }

        assert!(names.iter().any(|name| name.starts_with("rapport/")));
        assert!(names.iter().any(|name| name.starts_with("buf/validate/")));
    }
}
