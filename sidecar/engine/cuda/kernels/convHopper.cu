// The denoiser's convolutions on Hopper's warpgroup matrix instructions (sm_90a): the same results as conv1d.cu, for the
// channel counts of the published models. All taps' weights stay in shared memory; every warpgroup walks its own tiles of
// positions, the next one travelling while this one is multiplied, so one group's stores overlap the others' products.
// Shared layout without swizzle: (channels / 8, rows, 8 channels). A tap is then a shift of the start address by 16 bytes,
// which a swizzled layout would not allow. Reference: conv1d_*_bf16, compared in test/cuda.
#include "convStore.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
/** Matrix in shared memory, depth-major core matrices of 8 rows × 16 bytes: `depthBytes` apart in depth, 128 bytes in rows. */
__device__ __forceinline__ uint64_t matrixDescriptor(const void* shared, uint32_t depthBytes) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  return static_cast<uint64_t>((address & 0x3ffffu) >> 4) | static_cast<uint64_t>(depthBytes >> 4) << 16 |
         static_cast<uint64_t>(128u >> 4) << 32;
}

/** d (64, N) += a (64, 16) · b (N, 16)ᵀ by the four warps of a group; `accumulate` 0 starts from zero. */
template <int N> struct Product;
template <> struct Product<32> {
  static __device__ __forceinline__ void multiply(float (&d)[4][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %18, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
      "}, %16, %17, p, 1, 1, 0, 0; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3])
      : "l"(a), "l"(b), "r"(accumulate));
  }
};
template <> struct Product<64> {
  static __device__ __forceinline__ void multiply(float (&d)[8][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %34, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, p, 1, 1, 0, 0; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
      "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
      "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3])
      : "l"(a), "l"(b), "r"(accumulate));
  }
};
template <> struct Product<96> {
  static __device__ __forceinline__ void multiply(float (&d)[12][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %50, 0; wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
      "}, %48, %49, p, 1, 1, 0, 0; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
      "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
      "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]), "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]),
      "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]), "+f"(d[10][0]), "+f"(d[10][1]),
      "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3])
      : "l"(a), "l"(b), "r"(accumulate));
  }
};
template <> struct Product<128> {
  static __device__ __forceinline__ void multiply(float (&d)[16][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, p, 1, 1, 0, 0; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
      "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
      "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]), "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]),
      "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]), "+f"(d[10][0]), "+f"(d[10][1]),
      "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3]), "+f"(d[12][0]),
      "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]), "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]),
      "+f"(d[14][0]), "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]), "+f"(d[15][2]),
      "+f"(d[15][3])
      : "l"(a), "l"(b), "r"(accumulate));
  }
};

__device__ __forceinline__ void groupBarrier(int group) { asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory"); }
#endif

/**
 * Shapes as conv1d; padded = CI. `sums` (gridDim.x · Groups, 2, CO). Grid: any number of blocks; block 128·Groups.
 * A group's tile is 64·MT positions of one row.
 */
template <int CI, int CO, int MT, int Groups>
__device__ __forceinline__ void conv1dHopper(const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, int taps,
                                             int mode, float* sums, const bf16* condition, const bf16* time, int timeStride,
                                             const int* stepIndex, const bf16* skip) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int BM = 64 * MT, chunks = CI / 8, NT = CO / 8, stagedPitch = CO + 8;
  extern __shared__ __align__(128) unsigned char sharedBytes[];
  const int half = taps / 2, tileRows = BM + taps - 1, pitch = (tileRows + 6) / 8 * 8 + 1;  // rows ≡ 1 mod 8: no bank conflicts
  const int bufferSize = max(chunks * pitch * 8, 64 * stagedPitch);
  const int group = threadIdx.x >> 7, thread = threadIdx.x & 127, warp = thread >> 5, lane = thread & 31;
  bf16* weights = reinterpret_cast<bf16*>(sharedBytes);
  bf16* buffers = weights + taps * CI * CO + group * 2 * bufferSize;
  float* statistics = reinterpret_cast<float*>(weights + taps * CI * CO + Groups * 2 * bufferSize) + (group * 4 + warp) * CO * 2;

  const int tilesPerRow = (positions + BM - 1) / BM, tiles = n * tilesPerRow, step = gridDim.x * Groups;
  auto load = [&](int tile, bf16* buffer) {
    const bf16* row = in + static_cast<int64_t>(tile / tilesPerRow) * positions * CI;
    const int first = (tile % tilesPerRow) * BM - half;
    for (int i = thread; i < tileRows * chunks; i += 128) {
      const int c = i % chunks, r = i / chunks, p = first + r;
      const bool valid = p >= 0 && p < positions;
      copyAsync(buffer + (c * pitch + r) * 8, row + (valid ? static_cast<int64_t>(p) * CI + c * 8 : 0), valid);
    }
    copyCommit();
  };
  for (int i = threadIdx.x; i < taps * CO * chunks; i += 128 * Groups) {
    const int c = i % chunks, o = (i / chunks) % CO, t = i / (chunks * CO);
    copyAsync(weights + ((t * chunks + c) * CO + o) * 8, packed + (static_cast<int64_t>(t) * CO + o) * CI + c * 8, true);
  }
  for (int i = lane; i < CO * 2; i += 32) statistics[i] = 0.0f;
  copyCommit();
  int tile = blockIdx.x * Groups + group;
  if (tile < tiles) load(tile, buffers);
  copyWait<0>();
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();

  const int r0 = lane >> 2, c0 = (lane & 3) * 2;
  float acc[MT][NT][4];
  for (int k = 0; tile < tiles; tile += step, k ^= 1) {
    bf16* buffer = buffers + k * bufferSize;
    if (tile + step < tiles) {
      load(tile + step, buffers + (k ^ 1) * bufferSize);
      copyWait<1>();
    } else {
      copyWait<0>();
    }
    // What cp.async wrote must be visible to the matrix unit, which reads shared memory by another path.
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    groupBarrier(group);
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int j = 0; j < NT; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[i][j][e])::"memory");
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    const uint64_t a0 = matrixDescriptor(buffer, pitch * 16), b0 = matrixDescriptor(weights, CO * 16);
    for (int t = 0; t < taps; t++)
#pragma unroll
      for (int c = 0; c < chunks; c += 2)
#pragma unroll
        for (int i = 0; i < MT; i++) Product<CO>::multiply(acc[i], a0 + c * pitch + i * 64 + t, b0 + (t * chunks + c) * CO, t + c > 0);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int j = 0; j < NT; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[i][j][e])::"memory");

    const int row = tile / tilesPerRow, p0 = (tile % tilesPerRow) * BM;
#pragma unroll
    for (int j = 0; j < NT; j++) {
      float s[2] = {0.0f, 0.0f}, q[2] = {0.0f, 0.0f};
      const float2 b = bias != nullptr ? loadPair(bias + j * 8 + c0) : make_float2(0.0f, 0.0f);
#pragma unroll
      for (int i = 0; i < MT; i++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          acc[i][j][e] += e & 1 ? b.y : b.x;
          const float v = p0 + i * 64 + warp * 16 + r0 + (e >> 1) * 8 < positions ? acc[i][j][e] : 0.0f;
          s[e & 1] += v, q[e & 1] += v * v;
        }
      if (sums != nullptr) {
#pragma unroll
        for (int e = 0; e < 2; e++) {
#pragma unroll
          for (int offset = 4; offset < 32; offset <<= 1) {
            s[e] += __shfl_xor_sync(0xffffffffu, s[e], offset);
            q[e] += __shfl_xor_sync(0xffffffffu, q[e], offset);
          }
          if (r0 == 0) statistics[(j * 8 + c0 + e) * 2] += s[e], statistics[(j * 8 + c0 + e) * 2 + 1] += q[e];
        }
      }
    }
    const int timeIndex = stepIndex != nullptr ? *stepIndex : row;
    // All four warps are done with the tile: its memory carries the outputs, 64 positions at a time.
#pragma unroll
    for (int i = 0; i < MT; i++) {
      groupBarrier(group);
#pragma unroll
      for (int j = 0; j < NT; j++)
#pragma unroll
        for (int h = 0; h < 2; h++) {
          float a = acc[i][j][2 * h], b = acc[i][j][2 * h + 1];
          if (mode == convHidden) a = eluOf<bf16>(a), b = eluOf<bf16>(b);
          storePair(buffer + (warp * 16 + r0 + h * 8) * stagedPitch + j * 8 + c0, a, b);
        }
      groupBarrier(group);
      const int p = p0 + i * 64;
      const int64_t first = static_cast<int64_t>(row) * positions + p;
      const Destination<bf16> to{output + first * CO, CO, mode, condition + first, time + static_cast<int64_t>(timeIndex) * timeStride + p,
                                 skip != nullptr ? skip + first * CO : nullptr};
      storeStaged<bf16>(buffer, stagedPitch, min(64, positions - p), CO, to, thread, 128);
    }
    groupBarrier(group);
  }
  if (sums != nullptr) {
    groupBarrier(group);
    const float* mine = statistics - warp * CO * 2;
    float* to = sums + (static_cast<int64_t>(blockIdx.x) * Groups + group) * 2 * CO;
    for (int c = thread; c < CO; c += 128) {
      float s = 0.0f, q = 0.0f;
      for (int w = 0; w < 4; w++) s += mine[(w * CO + c) * 2], q += mine[(w * CO + c) * 2 + 1];
      to[c] = s;
      to[CO + c] = q;
    }
  }
#endif
}

#define CONV1D_HOPPER(CI, CO, MT, GROUPS, BLOCKS)                                                                              \
  extern "C" __global__ void __launch_bounds__(128 * GROUPS, BLOCKS) conv1dHopper_##CI##x##CO(                                 \
      const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, int taps, int mode,           \
      float* sums, const bf16* condition, const bf16* time, int timeStride, const int* stepIndex, const bf16* skip) {          \
    conv1dHopper<CI, CO, MT, GROUPS>(in, packed, bias, output, n, positions, taps, mode, sums, condition, time, timeStride,    \
                                     stepIndex, skip);                                                                         \
  }
CONV1D_HOPPER(32, 64, 2, 2, 2)
CONV1D_HOPPER(64, 32, 2, 2, 2)
CONV1D_HOPPER(64, 128, 2, 2, 1)
CONV1D_HOPPER(128, 64, 1, 2, 1)
CONV1D_HOPPER(64, 96, 2, 2, 1)
CONV1D_HOPPER(96, 64, 1, 2, 1)
