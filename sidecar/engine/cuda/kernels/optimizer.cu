// AdamW in one pass over flat state, and initial values drawn where they are needed. The bfloat16 copy that matrix products
// read is a by-product of the pass. Source: Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
#include "common.cuh"
#include "philox.cuh"

/** The scalars of one step, in device memory: a captured step reads new ones every time. */
struct AdamW {
  float decay, stepSize, rootCorrection, epsilon, beta1, beta2, oneMinusBeta1, oneMinusBeta2;
};

__device__ __forceinline__ float adamWUpdate(float w, float g, float& m, float& v, const AdamW& h) {
  m = m * h.beta1 + g * h.oneMinusBeta1;
  v = v * h.beta2 + g * g * h.oneMinusBeta2;
  return w * h.decay - h.stepSize * m / (sqrtf(v) * h.rootCorrection + h.epsilon);
}

__device__ __forceinline__ float4 load4(const float* p) { return *reinterpret_cast<const float4*>(p); }
__device__ __forceinline__ float4 load4(const bf16* p) {
  const uint2 x = *reinterpret_cast<const uint2*>(p);
  return make_float4(__uint_as_float(x.x << 16), __uint_as_float(x.x & 0xffff0000u), __uint_as_float(x.y << 16), __uint_as_float(x.y & 0xffff0000u));
}

/** Shapes: all flat of `count` values, 16-byte aligned, padded to a multiple of 4. copy: bfloat16 weights, or null. */
template <typename G>
__device__ void adamW(float* weights, float* expAvg, float* expAvgSq, const G* gradient, bf16* copy, const AdamW* hyper, int64_t count) {
  const AdamW h = *hyper;
  const int64_t stride = static_cast<int64_t>(gridDim.x) * blockDim.x * 4;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * 4; i < count; i += stride) {
    const float4 g = load4(gradient + i);
    float4 w = load4(weights + i), m = load4(expAvg + i), v = load4(expAvgSq + i);
    w.x = adamWUpdate(w.x, g.x, m.x, v.x, h);
    w.y = adamWUpdate(w.y, g.y, m.y, v.y, h);
    w.z = adamWUpdate(w.z, g.z, m.z, v.z, h);
    w.w = adamWUpdate(w.w, g.w, m.w, v.w, h);
    *reinterpret_cast<float4*>(weights + i) = w;
    *reinterpret_cast<float4*>(expAvg + i) = m;
    *reinterpret_cast<float4*>(expAvgSq + i) = v;
    if (copy != nullptr) *reinterpret_cast<uint2*>(copy + i) = make_uint2(packBf16(w.x, w.y), packBf16(w.z, w.w));
  }
}
extern "C" __global__ void adamW_f32(float* weights, float* expAvg, float* expAvgSq, const float* gradient, bf16* copy, const AdamW* hyper, int64_t count) {
  adamW<float>(weights, expAvg, expAvgSq, gradient, copy, hyper, count);
}
extern "C" __global__ void adamW_bf16(float* weights, float* expAvg, float* expAvgSq, const bf16* gradient, bf16* copy, const AdamW* hyper, int64_t count) {
  adamW<bf16>(weights, expAvg, expAvgSq, gradient, copy, hyper, count);
}

/**
 * The same by few blocks, for a few multiprocessors that work beside matrix products: a block has more of its reads in flight
 * (4 × 56 bytes a thread), and its values pass the cache by. Block 512, grid-stride.
 */
template <typename G>
__device__ void adamWBeside(float* weights, float* expAvg, float* expAvgSq, const G* gradient, bf16* copy, const AdamW* hyper, int64_t count) {
  constexpr int Unroll = 4, Threads = 512;
  const AdamW h = *hyper;
  for (int64_t base = static_cast<int64_t>(blockIdx.x) * Threads * 4 * Unroll; base < count; base += static_cast<int64_t>(gridDim.x) * Threads * 4 * Unroll) {
    float4 g[Unroll], w[Unroll], m[Unroll], v[Unroll];
#pragma unroll
    for (int u = 0; u < Unroll; u++) {
      const int64_t i = base + (u * Threads + threadIdx.x) * 4;
      if (i >= count) continue;
      g[u] = load4(gradient + i);
      w[u] = __ldcs(reinterpret_cast<const float4*>(weights + i));
      m[u] = __ldcs(reinterpret_cast<const float4*>(expAvg + i));
      v[u] = __ldcs(reinterpret_cast<const float4*>(expAvgSq + i));
    }
#pragma unroll
    for (int u = 0; u < Unroll; u++) {
      const int64_t i = base + (u * Threads + threadIdx.x) * 4;
      if (i >= count) continue;
      w[u].x = adamWUpdate(w[u].x, g[u].x, m[u].x, v[u].x, h);
      w[u].y = adamWUpdate(w[u].y, g[u].y, m[u].y, v[u].y, h);
      w[u].z = adamWUpdate(w[u].z, g[u].z, m[u].z, v[u].z, h);
      w[u].w = adamWUpdate(w[u].w, g[u].w, m[u].w, v[u].w, h);
      __stcs(reinterpret_cast<float4*>(weights + i), w[u]);
      __stcs(reinterpret_cast<float4*>(expAvg + i), m[u]);
      __stcs(reinterpret_cast<float4*>(expAvgSq + i), v[u]);
      if (copy != nullptr) __stcs(reinterpret_cast<uint2*>(copy + i), make_uint2(packBf16(w[u].x, w[u].y), packBf16(w[u].z, w[u].w)));
    }
  }
}
extern "C" __global__ void __launch_bounds__(512, 1) adamWBeside_f32(float* weights, float* expAvg, float* expAvgSq, const float* gradient, bf16* copy,
                                                                     const AdamW* hyper, int64_t count) {
  adamWBeside<float>(weights, expAvg, expAvgSq, gradient, copy, hyper, count);
}
extern "C" __global__ void __launch_bounds__(512, 1) adamWBeside_bf16(float* weights, float* expAvg, float* expAvgSq, const bf16* gradient, bf16* copy,
                                                                      const AdamW* hyper, int64_t count) {
  adamWBeside<bf16>(weights, expAvg, expAvgSq, gradient, copy, hyper, count);
}

/**
 * The same with moments in 8 bits: blocks of 256 values share a float32 scale, codes are spaced quadratically (finer near 0).
 * m = scale·sign(c)·(c/127)², c in -127…127; sqrt(v) = scale·(c/255)², c in 0…255. Block 256 = one block of state, grid-stride.
 */
template <typename G>
__device__ void adamW8(float* weights, int8_t* expAvg, uint8_t* rootAvgSq, float* scales, const G* gradient, bf16* copy, const AdamW* hyper, int64_t count) {
  __shared__ float scratch[33];
  const AdamW h = *hyper;
  for (int64_t block = blockIdx.x; block * 256 < count; block += gridDim.x) {
    const int64_t i = block * 256 + threadIdx.x;
    const bool live = i < count;
    const float scaleM = scales[block * 2], scaleV = scales[block * 2 + 1];
    float m = 0.0f, v = 0.0f;
    if (live) {
      const float cm = expAvg[i] * (1.0f / 127.0f), cv = rootAvgSq[i] * (1.0f / 255.0f);
      const float root = scaleV * cv * cv;
      m = scaleM * cm * fabsf(cm);
      v = root * root;
      const float w = adamWUpdate(weights[i], toFloat(gradient[i]), m, v, h);
      weights[i] = w;
      if (copy != nullptr) copy[i] = fromFloat<bf16>(w);
    }
    const float root = sqrtf(v);
    const float newM = blockMax(fabsf(m), scratch), newV = blockMax(root, scratch);
    if (live) {
      const float cm = newM > 0.0f ? sqrtf(fabsf(m) / newM) * 127.0f : 0.0f;
      expAvg[i] = static_cast<int8_t>(copysignf(rintf(cm), m));
      rootAvgSq[i] = static_cast<uint8_t>(newV > 0.0f ? ceilf(sqrtf(root / newV) * 255.0f - 0.5f) : 0.0f);
    }
    if (threadIdx.x == 0) scales[block * 2] = newM, scales[block * 2 + 1] = newV;
  }
}
extern "C" __global__ void __launch_bounds__(256) adamW8_f32(float* weights, int8_t* expAvg, uint8_t* rootAvgSq, float* scales, const float* gradient,
                                                             bf16* copy, const AdamW* hyper, int64_t count) {
  adamW8<float>(weights, expAvg, rootAvgSq, scales, gradient, copy, hyper, count);
}
extern "C" __global__ void __launch_bounds__(256) adamW8_bf16(float* weights, int8_t* expAvg, uint8_t* rootAvgSq, float* scales, const bf16* gradient,
                                                              bf16* copy, const AdamW* hyper, int64_t count) {
  adamW8<bf16>(weights, expAvg, rootAvgSq, scales, gradient, copy, hyper, count);
}

/** Uniform in ±bound, the same bits as sidecar/model/initialValues.ts: the product is rounded once, from float64. */
extern "C" __global__ void initialUniform(float* out, int64_t count, double bound, uint32_t seed, uint32_t item) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (block * 4 >= count) return;
  const uint4 w = philoxBlock(block, seed, 0, 0, item);
  const uint32_t words[4] = {w.x, w.y, w.z, w.w};
  for (int e = 0; e < 4; e++)
    if (block * 4 + e < count) {
      const double u = words[e] * 0x1p-32;
      out[block * 4 + e] = static_cast<float>(__dmul_rn(2.0 * u - 1.0, bound));
    }
}
