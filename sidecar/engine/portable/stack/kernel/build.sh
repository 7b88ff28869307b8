#!/bin/sh
# Compiles convStack.c and writes it as base64 into kernelBytes.ts, with the source's SHA-256 that a test compares. Needs clang and wasm-ld 14.
set -e
cd "$(dirname "$0")"
clang --target=wasm32 -O3 -msimd128 -mbulk-memory -ffreestanding -nostdlib -ffp-contract=off \
  -Wl,--no-entry -Wl,--strip-all -Wl,--import-memory -Wl,-z,stack-size=16384 -o convStack.wasm convStack.c
{
  echo '// Made by build.sh from convStack.c; do not edit.'
  echo ''
  echo '/** SHA-256 of the source this was compiled from. */'
  printf "export const kernelSourceSha256 = '%s';\n\n" "$(sha256sum convStack.c | cut -d' ' -f1)"
  echo '/** The WebAssembly module. */'
  printf "export const kernelBase64 =\n  '%s';\n" "$(base64 -w0 convStack.wasm)"
} > kernelBytes.ts
ls -l convStack.wasm kernelBytes.ts
rm convStack.wasm
