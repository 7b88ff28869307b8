// All of the kernel as one translation unit.
#include "convStack.c"
#include "mamba.c"

#ifndef __wasm__
/** What this library was compiled from. */
API(sourceSha256) const char *sourceSha256(void) { return SOURCE_SHA256; }

/** Where an array of JavaScript lies. */
API(addressOf) long addressOf(const void *array) { return (long)array; }
#endif
