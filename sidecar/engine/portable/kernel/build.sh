#!/bin/sh
# Compiles kernel.c twice: to WebAssembly, written as base64 into kernelBytes.ts, and to a library for Linux on x86-64 with
# AVX2 (native/linux-x64.so, Brotli-compressed). Both carry the SHA-256 of the sources, which a test compares. Needs clang and lld 14, node.
set -e
cd "$(dirname "$0")"
sha=$(cat simd.h blocks.h convStack.c mamba.c kernel.c | sha256sum | cut -d' ' -f1)
flags='-O3 -ffreestanding -nostdlib -ffp-contract=off -Wall -Wno-unknown-pragmas'
clang --target=wasm32 $flags -msimd128 -mbulk-memory \
  -Wl,--no-entry -Wl,--strip-all -Wl,--import-memory -Wl,-z,stack-size=16384 -o kernel.wasm kernel.c
{
  echo '// Made by build.sh; do not edit.'
  echo ''
  echo '/** SHA-256 of the sources this was compiled from. */'
  printf "export const kernelSourceSha256 = '%s';\n\n" "$sha"
  echo '/** The WebAssembly module. */'
  printf "export const kernelBase64 =\n  '%s';\n" "$(base64 -w0 kernel.wasm)"
} > kernelBytes.ts
mkdir -p native
clang --target=x86_64-linux-gnu $flags -march=x86-64-v3 -fPIC -fvisibility=hidden -fno-stack-protector -fno-builtin -shared \
  "-DSOURCE_SHA256=\"$sha\"" -fuse-ld=lld -Wl,--strip-all -o native/linux-x64.so kernel.c
ls -l kernel.wasm native kernelBytes.ts
rm kernel.wasm
