//! Compiles `proto/` into Rust and a descriptor set, in pure Rust: no `protoc` is called.

use std::{env, error::Error, fs, path::PathBuf};

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script where to write so")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);

    let mut files = Vec::new();
    for package in ["proto/disclosure/event/v1", "proto/disclosure/v1"] {
        for entry in fs::read_dir(package)? {
            files.push(entry?.path());
        }
    }
    files.sort();

    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true).open_files(files)?;
    fs::write(out.join("descriptor.bin"), compiler.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .bytes(".disclosure.v1")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
