// What every kernel shares: the two element types, vector access, reductions with a fixed order, and `warpTile`, a small
// matrix product by one warp. `warpTile` exists twice with one register layout: plain float32 multiply-adds (the
// reference) and bfloat16 tensor-core instructions. A kernel written on top of it is therefore written once, and the
// float32 build of the very same source is what golden values are compared with.
#pragma once
#include <cuda_bf16.h>
#include <cstdint>

using bf16 = __nv_bfloat16;

__device__ __forceinline__ float toFloat(float v) { return v; }
__device__ __forceinline__ float toFloat(bf16 v) { return __bfloat162float(v); }
template <typename T> __device__ __forceinline__ T fromFloat(float v);
template <> __device__ __forceinline__ float fromFloat<float>(float v) { return v; }
template <> __device__ __forceinline__ bf16 fromFloat<bf16>(float v) { return __float2bfloat16_rn(v); }

/** Elements of T in a 16-byte access, and the padding that keeps rows of a shared tile on different banks. */
template <typename T> struct Lanes {
  static constexpr int vector = 16 / sizeof(T);
  static constexpr int pad = 16 / sizeof(T);
};

/** 16 bytes of global or shared memory as floats; the address must be 16-byte aligned. */
__device__ __forceinline__ void loadVector(const float* p, float (&v)[4]) {
  const float4 x = *reinterpret_cast<const float4*>(p);
  v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
}
__device__ __forceinline__ void loadVector(const bf16* p, float (&v)[8]) {
  const uint4 x = *reinterpret_cast<const uint4*>(p);
  const uint32_t w[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    v[2 * i] = __uint_as_float(w[i] << 16);
    v[2 * i + 1] = __uint_as_float(w[i] & 0xffff0000u);
  }
}
/** 8 bytes of bfloat16. */
__device__ __forceinline__ void loadVector(const bf16* p, float (&v)[4]) {
  const uint2 x = *reinterpret_cast<const uint2*>(p);
  v[0] = __uint_as_float(x.x << 16), v[1] = __uint_as_float(x.x & 0xffff0000u);
  v[2] = __uint_as_float(x.y << 16), v[3] = __uint_as_float(x.y & 0xffff0000u);
}
__device__ __forceinline__ void storeVector(float* p, const float (&v)[4]) {
  *reinterpret_cast<float4*>(p) = make_float4(v[0], v[1], v[2], v[3]);
}
__device__ __forceinline__ uint32_t packBf16(float low, float high) {
  const __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const uint32_t*>(&pair);
}
__device__ __forceinline__ void storeVector(bf16* p, const float (&v)[8]) {
  *reinterpret_cast<uint4*>(p) =
      make_uint4(packBf16(v[0], v[1]), packBf16(v[2], v[3]), packBf16(v[4], v[5]), packBf16(v[6], v[7]));
}
__device__ __forceinline__ void storeVector(bf16* p, const float (&v)[4]) {
  *reinterpret_cast<uint2*>(p) = make_uint2(packBf16(v[0], v[1]), packBf16(v[2], v[3]));
}
__device__ __forceinline__ void storePair(float* p, float a, float b) { *reinterpret_cast<float2*>(p) = make_float2(a, b); }
__device__ __forceinline__ void storePair(bf16* p, float a, float b) { *reinterpret_cast<uint32_t*>(p) = packBf16(a, b); }

/** e^x: exact to float32 rounding for float32 models, the special-function unit where results become bfloat16 anyway. */
template <typename T> __device__ __forceinline__ float expOf(float x) { return expf(x); }
template <> __device__ __forceinline__ float expOf<bf16>(float x) { return __expf(x); }
template <typename T> __device__ __forceinline__ float sigmoidOf(float x) { return 1.0f / (1.0f + expf(-x)); }
template <> __device__ __forceinline__ float sigmoidOf<bf16>(float x) { return __fdividef(1.0f, 1.0f + __expf(-x)); }
template <typename T> __device__ __forceinline__ float siluOf(float x) { return x * sigmoidOf<T>(x); }
/** d silu(x) / dx */
template <typename T> __device__ __forceinline__ float siluGradientOf(float x) {
  const float s = sigmoidOf<T>(x);
  return s * (1.0f + x * (1.0f - s));
}
/** log(1 + e^x), as PyTorch: the identity above 20. */
__device__ __forceinline__ float softplusf(float x) { return x > 20.0f ? x : log1pf(expf(x)); }
template <typename T> __device__ __forceinline__ float eluOf(float x) { return x > 0.0f ? x : expm1f(x); }
template <> __device__ __forceinline__ float eluOf<bf16>(float x) { return x > 0.0f ? x : __expf(x) - 1.0f; }

/** Two neighbouring values. */
__device__ __forceinline__ float2 loadPair(const float* p) { return *reinterpret_cast<const float2*>(p); }
__device__ __forceinline__ float2 loadPair(const bf16* p) {
  const uint32_t x = *reinterpret_cast<const uint32_t*>(p);
  return make_float2(__uint_as_float(x << 16), __uint_as_float(x & 0xffff0000u));
}

__device__ __forceinline__ float warpSum(float v) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) v += __shfl_xor_sync(0xffffffffu, v, offset);
  return v;
}
__device__ __forceinline__ float warpMax(float v) {
#pragma unroll
  for (int offset = 16; offset > 0; offset >>= 1) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, offset));
  return v;
}
/** Sum over the block, the same bits every time; `scratch` holds 33 floats. All threads get the sum. */
__device__ __forceinline__ float blockSum(float v, float* scratch) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  v = warpSum(v);
  __syncthreads();
  if (lane == 0) scratch[warp] = v;
  __syncthreads();
  if (warp == 0) {
    const float total = warpSum(lane < warps ? scratch[lane] : 0.0f);
    if (lane == 0) scratch[32] = total;
  }
  __syncthreads();
  return scratch[32];
}
__device__ __forceinline__ float blockMax(float v, float* scratch) {
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = (blockDim.x + 31) >> 5;
  v = warpMax(v);
  __syncthreads();
  if (lane == 0) scratch[warp] = v;
  __syncthreads();
  if (warp == 0) {
    const float total = warpMax(lane < warps ? scratch[lane] : -INFINITY);
    if (lane == 0) scratch[32] = total;
  }
  __syncthreads();
  return scratch[32];
}

/**
 * Four neighbouring threads transpose a 4 × 4 of words: word k of thread q becomes word q of thread k. A thread's two channels
 * of four 8-channel blocks so become the eight channels of one block: a 16-byte store.
 */
__device__ __forceinline__ uint4 quadTranspose(uint32_t w0, uint32_t w1, uint32_t w2, uint32_t w3) {
  const bool odd = threadIdx.x & 1, high = threadIdx.x & 2;
  const uint32_t a = __shfl_xor_sync(0xffffffffu, odd ? w0 : w1, 1), b = __shfl_xor_sync(0xffffffffu, odd ? w2 : w3, 1);
  w0 = odd ? a : w0, w1 = odd ? w1 : a, w2 = odd ? b : w2, w3 = odd ? w3 : b;
  const uint32_t c = __shfl_xor_sync(0xffffffffu, high ? w0 : w2, 2), d = __shfl_xor_sync(0xffffffffu, high ? w1 : w3, 2);
  w0 = high ? c : w0, w2 = high ? w2 : c, w1 = high ? d : w1, w3 = high ? w3 : d;
  return make_uint4(w0, w1, w2, w3);
}

// --- asynchronous copies global → shared, 16 bytes each; `valid` false writes zeros
__device__ __forceinline__ void copyAsync(void* shared, const void* global, bool valid) {
  const uint32_t to = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  const int bytes = valid ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(to), "l"(global), "r"(bytes));
}
__device__ __forceinline__ void copyCommit() { asm volatile("cp.async.commit_group;\n" ::); }
template <int Pending> __device__ __forceinline__ void copyWait() { asm volatile("cp.async.wait_group %0;\n" ::"n"(Pending)); }

// --- warpTile
__device__ __forceinline__ void ldmatrix4(uint32_t (&r)[4], const bf16* p) {
  const uint32_t a = static_cast<uint32_t>(__cvta_generic_to_shared(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(a));
}
__device__ __forceinline__ void ldmatrix4Transposed(uint32_t (&r)[4], const bf16* p) {
  const uint32_t a = static_cast<uint32_t>(__cvta_generic_to_shared(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];\n"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(a));
}
__device__ __forceinline__ void ldmatrix2(uint32_t& r0, uint32_t& r1, const bf16* p) {
  const uint32_t a = static_cast<uint32_t>(__cvta_generic_to_shared(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];\n" : "=r"(r0), "=r"(r1) : "r"(a));
}
__device__ __forceinline__ void ldmatrix2Transposed(uint32_t& r0, uint32_t& r1, const bf16* p) {
  const uint32_t a = static_cast<uint32_t>(__cvta_generic_to_shared(p));
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];\n" : "=r"(r0), "=r"(r1) : "r"(a));
}
__device__ __forceinline__ void mma16816(float (&c)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};\n"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/**
 * acc (16·MT, 8·NT) += A · B over `depth` (a multiple of 16), both tiles in shared memory.
 * Shapes: A is a[m·lda + k], or a[k·lda + m] when ATransposed. B is b[n·ldb + k], or b[k·ldb + n] when BRows.
 * Thread `lane` holds acc[i][j][0,1] at row 16i + lane/4, columns 8j + 2(lane%4) + {0,1}; [2,3] eight rows below.
 */
template <int MT, int NT, bool ATransposed, bool BRows>
__device__ __forceinline__ void warpTile(float (&acc)[MT][NT][4], const bf16* a, int lda, const bf16* b, int ldb, int depth) {
  const int lane = threadIdx.x & 31, group = lane >> 3, row = lane & 7;
  const bf16* ap = ATransposed ? a + ((group >> 1) * 8 + row) * lda + (group & 1) * 8
                               : a + ((group & 1) * 8 + row) * lda + (group >> 1) * 8;
  const bf16* bp = BRows ? b + ((group & 1) * 8 + row) * ldb + (group >> 1) * 8
                         : b + ((group >> 1) * 8 + row) * ldb + (group & 1) * 8;
#pragma unroll 2
  for (int k = 0; k < depth; k += 16) {
    uint32_t af[MT][4], bf[NT][2];
#pragma unroll
    for (int i = 0; i < MT; i++) {
      if (ATransposed) ldmatrix4Transposed(af[i], ap + k * lda + i * 16);
      else ldmatrix4(af[i], ap + i * 16 * lda + k);
    }
#pragma unroll
    for (int j = 0; j + 1 < NT; j += 2) {
      uint32_t r[4];
      if (BRows) ldmatrix4Transposed(r, bp + k * ldb + j * 8);
      else ldmatrix4(r, bp + j * 8 * ldb + k);
      bf[j][0] = r[0], bf[j][1] = r[1], bf[j + 1][0] = r[2], bf[j + 1][1] = r[3];
    }
    if (NT & 1) {
      // Lanes 16–31 give no address to an x2 load; theirs repeat the first half's and stay in bounds.
      const int g = group & 1;
      const bf16* p = BRows ? b + (g * 8 + row + k) * ldb + (NT - 1) * 8 : b + ((NT - 1) * 8 + row) * ldb + g * 8 + k;
      if (BRows) ldmatrix2Transposed(bf[NT - 1][0], bf[NT - 1][1], p);
      else ldmatrix2(bf[NT - 1][0], bf[NT - 1][1], p);
    }
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int j = 0; j < NT; j++) mma16816(acc[i][j], af[i], bf[j][0], bf[j][1]);
  }
}

template <int MT, int NT, bool ATransposed, bool BRows>
__device__ __forceinline__ void warpTile(float (&acc)[MT][NT][4], const float* a, int lda, const float* b, int ldb, int depth) {
  const int lane = threadIdx.x & 31, r = lane >> 2, c = (lane & 3) * 2;
  for (int k = 0; k < depth; k++) {
    float av[MT][2], bv[NT][2];
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int m = i * 16 + r + h * 8;
        av[i][h] = ATransposed ? a[k * lda + m] : a[m * lda + k];
      }
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int n = j * 8 + c + h;
        bv[j][h] = BRows ? b[k * ldb + n] : b[n * ldb + k];
      }
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int j = 0; j < NT; j++) {
        acc[i][j][0] += av[i][0] * bv[j][0];
        acc[i][j][1] += av[i][0] * bv[j][1];
        acc[i][j][2] += av[i][1] * bv[j][0];
        acc[i][j][3] += av[i][1] * bv[j][1];
      }
  }
}
