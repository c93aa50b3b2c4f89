//! Links the binary so that it takes little memory.

#![allow(clippy::print_stdout, reason = "how Cargo is told")]

use std::env::var;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| var(name).is_ok_and(|it| it == value);
    let linux = is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    if !linux || !is("PROFILE", "release") {
        return;
    }
    // Megabytes of relocations, all of which are read at the start, become some kilobytes.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    // Functions that are the same for several types are kept once; this Rust's linker can do that.
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}
