// The denoiser's convolutions on Hopper's warpgroup matrix instructions (sm_90a): the same results as conv1d.cu, for the
// channel counts of the published models. All taps' weights stay in shared memory; every warpgroup walks its own tiles of
// positions, the next one travelling while this one is multiplied, so one group's stores overlap the others' products.
// Shared layout without swizzle: (channels / 8, rows, 8 channels). A tap is then a shift of the start address by 16 bytes,
// which a swizzled layout would not allow. Reference: conv1d_*_bf16, compared in test/cuda.
#include "common.cuh"

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

/** What becomes of an output value, fixed at compile time: training's forward, an input gradient, sampling without and with skip. */
enum HopperKind { hopperStatistics = 0, hopperPlain = 1, hopperHidden = 2, hopperHiddenSkip = 3 };

/** Width of the published models' convolutions; others take conv1d.cu. */
constexpr int hopperTaps = 7;

/**
 * Shapes as conv1d; padded = CI. Statistics: sums (gridDim.x · Groups, 2, CO). Grid: any number of blocks; block 128·Groups.
 * A group's tile is 64 positions of one row. Hidden: u = (elu(v) + condition)·time or elu(v)·time + skip.
 */
template <int CI, int CO, int Groups, int Kind>
__device__ __forceinline__ void conv1dHopper(const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, float* sums,
                                             const bf16* condition, const bf16* time, int timeStride, const int* stepIndex, const bf16* skip) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int BM = 64, chunks = CI / 8, NT = CO / 8, half = hopperTaps / 2, tileRows = BM + hopperTaps - 1;
  constexpr int pitch = (tileRows + 6) / 8 * 8 + 1;  // rows ≡ 1 mod 8: no bank conflicts
  constexpr int bufferSize = chunks * pitch * 8;
  constexpr bool hidden = Kind == hopperHidden || Kind == hopperHiddenSkip;
  extern __shared__ __align__(128) unsigned char sharedBytes[];
  __shared__ __align__(16) float biases[CO];
  const int group = threadIdx.x >> 7, thread = threadIdx.x & 127, warp = thread >> 5, lane = thread & 31;
  bf16* weights = reinterpret_cast<bf16*>(sharedBytes);
  bf16* buffers = weights + hopperTaps * CI * CO + group * 2 * bufferSize;

  const int tilesPerRow = (positions + BM - 1) / BM, tiles = n * tilesPerRow, step = gridDim.x * Groups;
  const int c = thread % chunks, firstRow = thread / chunks;
  constexpr int rowStep = 128 / chunks, loads = (tileRows + rowStep - 1) / rowStep;
  static_assert(128 % chunks == 0 || CI == 96, "");
  auto load = [&](int tile, bf16* buffer) {
    const bf16* row = in + static_cast<int64_t>(tile / tilesPerRow) * positions * CI;
    const int first = (tile % tilesPerRow) * BM - half;
    if constexpr (128 % chunks == 0) {
#pragma unroll
      for (int k = 0; k < loads; k++) {
        const int r = firstRow + k * rowStep, p = first + r;
        const bool valid = p >= 0 && p < positions;
        if (r < tileRows) copyAsync(buffer + (c * pitch + r) * 8, row + (valid ? p * CI + c * 8 : 0), valid);
      }
    } else {
      for (int i = thread; i < tileRows * chunks; i += 128) {
        const int cc = i % chunks, r = i / chunks, p = first + r;
        const bool valid = p >= 0 && p < positions;
        copyAsync(buffer + (cc * pitch + r) * 8, row + (valid ? p * CI + cc * 8 : 0), valid);
      }
    }
    copyCommit();
  };
  for (int i = threadIdx.x; i < hopperTaps * CO * chunks; i += 128 * Groups) {
    const int cc = i % chunks, o = (i / chunks) % CO, t = i / (chunks * CO);
    copyAsync(weights + ((t * chunks + cc) * CO + o) * 8, packed + (t * CO + o) * CI + cc * 8, true);
  }
  for (int i = threadIdx.x; i < CO; i += 128 * Groups) biases[i] = Kind == hopperPlain ? 0.0f : bias[i];
  copyCommit();
  int tile = blockIdx.x * Groups + group;
  if (tile < tiles) load(tile, buffers);
  copyWait<0>();
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();

  const int r0 = lane >> 2, q = lane & 3;
  float statistics[NT][4];  // sums of two channels, sums of their squares
  if constexpr (Kind == hopperStatistics) {
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) statistics[j][e] = 0.0f;
  }

  float acc[NT][4];
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
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[j][e])::"memory");
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    const uint64_t a0 = matrixDescriptor(buffer, pitch * 16), b0 = matrixDescriptor(weights, CO * 16);
#pragma unroll
    for (int t = 0; t < hopperTaps; t++)
#pragma unroll
      for (int d = 0; d < chunks; d += 2) Product<CO>::multiply(acc, a0 + d * pitch + t, b0 + (t * chunks + d) * CO, t + d > 0);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    const int row = tile / tilesPerRow, p0 = (tile % tilesPerRow) * BM + warp * 16 + r0;
    const bool live[2] = {p0 < positions, p0 + 8 < positions};
    const int64_t at = static_cast<int64_t>(row) * positions + p0;
    float tm[2] = {0.0f, 0.0f}, cd[2] = {0.0f, 0.0f};
    if constexpr (hidden) {
      const bf16* timeRow = time + static_cast<int64_t>(stepIndex != nullptr ? *stepIndex : row) * timeStride + p0;
#pragma unroll
      for (int h = 0; h < 2; h++)
        if (live[h]) tm[h] = toFloat(timeRow[h * 8]), cd[h] = Kind == hopperHidden ? toFloat(condition[at + h * 8]) : 0.0f;
    }
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[j][e])::"memory");
    groupBarrier(group);  // all four warps have read the tile: the load after next may overwrite it

    const float weight0 = live[0] ? 1.0f : 0.0f, weight1 = live[1] ? 1.0f : 0.0f;  // of a row that exists, in the statistics
#pragma unroll
    for (int j0 = 0; j0 < NT; j0 += 4) {
#pragma unroll
      for (int j = j0; j < j0 + 4; j++) {
        if constexpr (Kind != hopperPlain) {
          const float2 b = loadPair(biases + j * 8 + q * 2);
          acc[j][0] += b.x, acc[j][1] += b.y, acc[j][2] += b.x, acc[j][3] += b.y;
        }
        if constexpr (Kind == hopperStatistics) {
          const float v[4] = {acc[j][0] * weight0, acc[j][1] * weight0, acc[j][2] * weight1, acc[j][3] * weight1};
          statistics[j][0] += v[0] + v[2], statistics[j][1] += v[1] + v[3];
          statistics[j][2] += v[0] * v[0] + v[2] * v[2], statistics[j][3] += v[1] * v[1] + v[3] * v[3];
        }
        if constexpr (hidden) {
#pragma unroll
          for (int e = 0; e < 4; e++) acc[j][e] = (eluOf<bf16>(acc[j][e]) + cd[e >> 1]) * tm[e >> 1];
        }
      }
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const uint4 out = quadTranspose(packBf16(acc[j0][2 * h], acc[j0][2 * h + 1]), packBf16(acc[j0 + 1][2 * h], acc[j0 + 1][2 * h + 1]),
                                        packBf16(acc[j0 + 2][2 * h], acc[j0 + 2][2 * h + 1]), packBf16(acc[j0 + 3][2 * h], acc[j0 + 3][2 * h + 1]));
        const int64_t first = (at + h * 8) * CO + j0 * 8 + q * 8;
        if (live[h]) {
          if constexpr (Kind == hopperHiddenSkip) {
            float s[8];
            loadVector(skip + first, s);
            const uint32_t w[4] = {out.x, out.y, out.z, out.w};
#pragma unroll
            for (int e = 0; e < 4; e++) s[2 * e] += __uint_as_float(w[e] << 16), s[2 * e + 1] += __uint_as_float(w[e] & 0xffff0000u);
            storeVector(output + first, s);
          } else {
            *reinterpret_cast<uint4*>(output + first) = out;
          }
        }
      }
    }
  }
  if constexpr (Kind == hopperStatistics) {
    // The group's tiles are done with: their memory carries the four warps' sums.
    float* shared = reinterpret_cast<float*>(buffers);
    groupBarrier(group);
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        float s = statistics[j][e];
#pragma unroll
        for (int offset = 4; offset < 32; offset <<= 1) s += __shfl_xor_sync(0xffffffffu, s, offset);
        if (r0 == 0) shared[warp * 2 * CO + (e >> 1) * CO + j * 8 + q * 2 + (e & 1)] = s;
      }
    groupBarrier(group);
    for (int i = thread; i < 2 * CO; i += 128)
      sums[(static_cast<int64_t>(blockIdx.x) * Groups + group) * 2 * CO + i] =
          shared[i] + shared[2 * CO + i] + shared[4 * CO + i] + shared[6 * CO + i];
  }
#endif
}

#define CONV1D_HOPPER_KIND(NAME, CI, CO, GROUPS, KIND)                                                                         \
  extern "C" __global__ void __launch_bounds__(128 * GROUPS, 1) conv1dHopper##NAME##_##CI##x##CO(                              \
      const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, float* sums,                  \
      const bf16* condition, const bf16* time, int timeStride, const int* stepIndex, const bf16* skip) {                       \
    conv1dHopper<CI, CO, GROUPS, KIND>(in, packed, bias, output, n, positions, sums, condition, time, timeStride, stepIndex,   \
                                       skip);                                                                                  \
  }
#define CONV1D_HOPPER(CI, CO, GROUPS)                                                                                          \
  CONV1D_HOPPER_KIND(Statistics, CI, CO, GROUPS, hopperStatistics)                                                             \
  CONV1D_HOPPER_KIND(Plain, CI, CO, GROUPS, hopperPlain)                                                                       \
  CONV1D_HOPPER_KIND(Hidden, CI, CO, GROUPS, hopperHidden)                                                                     \
  CONV1D_HOPPER_KIND(HiddenSkip, CI, CO, GROUPS, hopperHiddenSkip)
CONV1D_HOPPER(32, 64, 4)
CONV1D_HOPPER(64, 32, 4)
CONV1D_HOPPER(64, 128, 3)
CONV1D_HOPPER(128, 64, 3)
CONV1D_HOPPER(64, 96, 3)
CONV1D_HOPPER(96, 64, 3)
