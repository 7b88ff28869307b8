// Philox4x32-10 at the addresses of sidecar/model/philox.ts: key (seed, stream), counter (block, block high, step, item).
// Integers and uniforms are the same bits as on the host; normals are computed in float32 here, in float64 there.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once
#include <cstdint>

__device__ __forceinline__ uint4 philox(uint4 c, uint2 k) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const uint32_t high0 = __umulhi(0xd2511f53u, c.x), low0 = 0xd2511f53u * c.x;
    const uint32_t high1 = __umulhi(0xcd9e8d57u, c.z), low1 = 0xcd9e8d57u * c.z;
    c = make_uint4(high1 ^ c.y ^ k.x, low1, high0 ^ c.w ^ k.y, low0);
    k.x += 0x9e3779b9u;
    k.y += 0xbb67ae85u;
  }
  return c;
}

__device__ __forceinline__ uint4 philoxBlock(uint64_t block, uint32_t seed, uint32_t stream, uint32_t step, uint32_t item) {
  return philox(make_uint4(static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), step, item), make_uint2(seed, stream));
}

/** Two standard normals of two words (Box–Muller). */
__device__ __forceinline__ void boxMuller(uint32_t w0, uint32_t w1, float& a, float& b) {
  // (w0 + 0.5) / 2^32 near 1 would round to 1 in float32 and its logarithm lose everything: take log1p of the complement there.
  const float u = (static_cast<float>(w0) + 0.5f) * 0x1p-32f;
  const float logU = w0 >= 0x80000000u ? log1pf(-(static_cast<float>(~w0) + 0.5f) * 0x1p-32f) : logf(u);
  const float radius = sqrtf(-2.0f * logU);
  float s, c;
  sincospif(static_cast<float>(w1) * 0x1p-31f, &s, &c);
  a = radius * c;
  b = radius * s;
}

__device__ __forceinline__ float4 philoxNormal(uint64_t block, uint32_t seed, uint32_t stream, uint32_t step, uint32_t item) {
  const uint4 w = philoxBlock(block, seed, stream, step, item);
  float4 v;
  boxMuller(w.x, w.y, v.x, v.y);
  boxMuller(w.z, w.w, v.z, v.w);
  return v;
}
