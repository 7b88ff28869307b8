// The denoiser's convolutions on Hopper's warpgroup matrix instructions (sm_90a): the same results as conv1d.cu, for the
// channel counts of the published models. All taps' weights stay in shared memory; every warpgroup walks its own tiles of
// positions, the next one travelling while this one is multiplied, so one group's stores overlap the others' products.
// Shared layout without swizzle: (channels / 8, rows, 8 channels). A tap is then a shift of the start address by 16 bytes,
// which a swizzled layout would not allow. Reference: conv1d_*_bf16, compared in test/cuda.
#include "common.cuh"

#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
/**
 * Matrix in shared memory, core matrices of 8 × 16 bytes: `depthBytes` apart in depth and `rowBytes` apart in rows. A core matrix is
 * 8 rows of 8 depths, or, transposed, 8 depths of 8 rows.
 */
__device__ __forceinline__ uint64_t matrixDescriptor(const void* shared, uint32_t depthBytes, uint32_t rowBytes) {
  const uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(shared));
  return static_cast<uint64_t>((address & 0x3ffffu) >> 4) | static_cast<uint64_t>(depthBytes >> 4) << 16 |
         static_cast<uint64_t>(rowBytes >> 4) << 32;
}

/**
 * d (64, N) += a (64, 16) · b (N, 16)ᵀ by the four warps of a group; `accumulate` 0 starts from zero. Transposed: both operands lie
 * depth by depth, rows side by side.
 */
template <int N, int Transposed = 0> struct Product;
template <int Transposed> struct Product<32, Transposed> {
  static __device__ __forceinline__ void multiply(float (&d)[4][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %18, 0; wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15"
      "}, %16, %17, p, 1, 1, %19, %19; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3])
      : "l"(a), "l"(b), "r"(accumulate), "n"(Transposed));
  }
};
template <int Transposed> struct Product<64, Transposed> {
  static __device__ __forceinline__ void multiply(float (&d)[8][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %34, 0; wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31"
      "}, %32, %33, p, 1, 1, %35, %35; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
      "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
      "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3])
      : "l"(a), "l"(b), "r"(accumulate), "n"(Transposed));
  }
};
template <int Transposed> struct Product<96, Transposed> {
  static __device__ __forceinline__ void multiply(float (&d)[12][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %50, 0; wgmma.mma_async.sync.aligned.m64n96k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47"
      "}, %48, %49, p, 1, 1, %51, %51; }"
      :
      "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]),
      "+f"(d[1][3]), "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]),
      "+f"(d[3][2]), "+f"(d[3][3]), "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]),
      "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]), "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]),
      "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]), "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]),
      "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]), "+f"(d[10][0]), "+f"(d[10][1]),
      "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3])
      : "l"(a), "l"(b), "r"(accumulate), "n"(Transposed));
  }
};
template <int Transposed> struct Product<128, Transposed> {
  static __device__ __forceinline__ void multiply(float (&d)[16][4], uint64_t a, uint64_t b, int accumulate) {
    asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %66, 0; wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
      "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
      "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63"
      "}, %64, %65, p, 1, 1, %67, %67; }"
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
      : "l"(a), "l"(b), "r"(accumulate), "n"(Transposed));
  }
};

__device__ __forceinline__ void groupBarrier(int group) { asm volatile("bar.sync %0, 128;" ::"r"(group + 1) : "memory"); }
#endif

/**
 * What becomes of an output value, fixed at compile time: training's forward, an input gradient, sampling without and with skip, an
 * input gradient taken on through the layer input to the gradient of the batch norm's output: of an output that is nobody's skip, of one
 * that is, and of an input that has one.
 */
enum HopperKind {
  hopperStatistics = 0,
  hopperPlain = 1,
  hopperHidden = 2,
  hopperHiddenSkip = 3,
  hopperBack = 4,
  hopperBackExtra = 5,
  hopperBackSkip = 6
};

/**
 * Back through u = (h [+ h2] + condition)·time, h = elu(v·scale + shift): what layerInputBackward of denoiser.cu does, on values that
 * are still in registers. sums (blocks · Groups, 2, CO): Σ da and Σ da·(v - mean)·inverse. dCondition and dTime (rows) are added to.
 */
struct BackThroughInput {
  const bf16 *v, *v2, *extra, *condition, *time;
  const float *scale, *shift, *mean, *inverse, *scale2, *shift2;
  bf16* skipGradient;
  float *dCondition, *dTime, *sums;
};

/** Width of the published models' convolutions; others take conv1d.cu. */
constexpr int hopperTaps = 7;

/**
 * Shapes as conv1d; padded = CI. Statistics: sums (gridDim.x · Groups, 2, CO). Grid: any number of blocks; block 128·Groups.
 * A group's tile is 64 positions of one row. Hidden: u = (elu(v) + condition)·time or elu(v)·time + skip.
 */
template <int CI, int CO, int Groups, int Kind>
__device__ __forceinline__ void conv1dHopper(const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, float* sums,
                                             const bf16* condition, const bf16* time, int timeStride, const int* stepIndex, const bf16* skip,
                                             const BackThroughInput* through) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr bool backSkip = Kind == hopperBackSkip, backExtra = Kind == hopperBackExtra, back = Kind == hopperBack || backExtra || backSkip;
  constexpr int BM = 64, chunks = CI / 8, NT = CO / 8, half = hopperTaps / 2, tileRows = BM + hopperTaps - 1;
  constexpr int pitch = (tileRows + 6) / 8 * 8 + 1;  // rows ≡ 1 mod 8: no bank conflicts
  constexpr int bufferSize = chunks * pitch * 8;
  constexpr bool hidden = Kind == hopperHidden || Kind == hopperHiddenSkip;
  extern __shared__ __align__(128) unsigned char sharedBytes[];
  __shared__ __align__(16) float biases[CO];
  __shared__ __align__(16) float norm[back ? 3 : 1][CO], norm2[backSkip ? 2 : 1][CO];  // scale, shift, mean; scale, shift of the skip
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
  for (int i = threadIdx.x; i < CO; i += 128 * Groups) {
    if constexpr (back) norm[0][i] = through->scale[i], norm[1][i] = through->shift[i], norm[2][i] = through->mean[i];
    if constexpr (backSkip) norm2[0][i] = through->scale2[i], norm2[1][i] = through->shift2[i];
    if constexpr (!back) biases[i] = Kind == hopperPlain ? 0.0f : bias[i];
  }
  copyCommit();
  int tile = blockIdx.x * Groups + group;
  if (tile < tiles) load(tile, buffers);
  copyWait<0>();
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
  __syncthreads();

  const int r0 = lane >> 2, q = lane & 3;
  float statistics[NT][4];  // sums of two channels, sums of their squares; or Σ da, Σ da·(v - mean)
  if constexpr (Kind == hopperStatistics || back) {
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
    const uint64_t a0 = matrixDescriptor(buffer, pitch * 16, 128), b0 = matrixDescriptor(weights, CO * 16, 128);
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
    uint4 vNext[2], v2Next[2], extraNext[2];  // of four 8-channel blocks, on their way while the products run
    float oldCondition[2], oldTime[2];
    auto fetch = [&](int j0, int h) {
      if (!live[h]) return;
      const int64_t first = (at + h * 8) * CO + j0 * 8 + q * 8;
      vNext[h] = *reinterpret_cast<const uint4*>(through->v + first);
      if constexpr (backSkip) v2Next[h] = *reinterpret_cast<const uint4*>(through->v2 + first);
      if constexpr (backExtra) extraNext[h] = *reinterpret_cast<const uint4*>(through->extra + first);
    };
    if constexpr (back) {
#pragma unroll
      for (int h = 0; h < 2; h++) {
        vNext[h] = v2Next[h] = extraNext[h] = make_uint4(0, 0, 0, 0);
        oldCondition[h] = oldTime[h] = 0.0f;
        if (live[h]) {
          tm[h] = toFloat(through->time[at + h * 8]), cd[h] = toFloat(through->condition[at + h * 8]);
          if (q == 0) oldCondition[h] = through->dCondition[at + h * 8], oldTime[h] = through->dTime[at + h * 8];
        }
        fetch(0, h);
      }
    }
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[j][e])::"memory");
    groupBarrier(group);  // all four warps have read the tile: the load after next may overwrite it

    if constexpr (back) {
      float toCondition[2] = {0.0f, 0.0f}, toTime[2] = {0.0f, 0.0f};
#pragma unroll
      for (int j0 = 0; j0 < NT; j0 += 4) {
#pragma unroll
        for (int h = 0; h < 2; h++) {
          // A thread's eight channels of one block become its two channels of four blocks, as the products left them.
          const uint4 vt = quadTranspose(vNext[h].x, vNext[h].y, vNext[h].z, vNext[h].w);
          const uint32_t vw[4] = {vt.x, vt.y, vt.z, vt.w};
          uint32_t sw[4] = {0, 0, 0, 0}, ew[4] = {0, 0, 0, 0}, aw[4], gw[4];
          if constexpr (backSkip) {
            const uint4 t = quadTranspose(v2Next[h].x, v2Next[h].y, v2Next[h].z, v2Next[h].w);
            sw[0] = t.x, sw[1] = t.y, sw[2] = t.z, sw[3] = t.w;
          }
          if constexpr (backExtra) {
            const uint4 t = quadTranspose(extraNext[h].x, extraNext[h].y, extraNext[h].z, extraNext[h].w);
            ew[0] = t.x, ew[1] = t.y, ew[2] = t.z, ew[3] = t.w;
          }
          if (j0 + 4 < NT) fetch(j0 + 4, h);
          const float present = live[h] ? 1.0f : 0.0f;
#pragma unroll
          for (int b = 0; b < 4; b++) {
            const int j = j0 + b, c = j * 8 + q * 2;
            const float2 scale = loadPair(norm[0] + c), shift = loadPair(norm[1] + c), mean = loadPair(norm[2] + c);
            float da[2], dIn[2];
#pragma unroll
            for (int e = 0; e < 2; e++) {
              const float x = __uint_as_float(e ? vw[b] & 0xffff0000u : vw[b] << 16);
              const float g = acc[j][2 * h + e] * present;
              const float hidden = eluOf<bf16>(x * (e ? scale.y : scale.x) + (e ? shift.y : shift.x));
              float input = hidden;
              if constexpr (backSkip) {
                const float2 s2 = loadPair(norm2[0] + c), t2 = loadPair(norm2[1] + c);
                const float y = __uint_as_float(e ? sw[b] & 0xffff0000u : sw[b] << 16);
                input += eluOf<bf16>(y * (e ? s2.y : s2.x) + (e ? t2.y : t2.x));
              }
              dIn[e] = g * tm[h];
              toCondition[h] += dIn[e];
              toTime[h] += g * (input + cd[h]);
              const float dh = backExtra ? dIn[e] + __uint_as_float(e ? ew[b] & 0xffff0000u : ew[b] << 16) : dIn[e];
              da[e] = hidden > 0.0f ? dh : dh * (hidden + 1.0f);
              statistics[j][e] += da[e] * present;
              statistics[j][2 + e] += da[e] * present * (x - (e ? mean.y : mean.x));
            }
            aw[b] = packBf16(da[0], da[1]);
            if constexpr (backSkip) gw[b] = packBf16(dIn[0], dIn[1]);
          }
          const int64_t first = (at + h * 8) * CO + j0 * 8 + q * 8;
          const uint4 out = quadTranspose(aw[0], aw[1], aw[2], aw[3]);
          if (live[h]) *reinterpret_cast<uint4*>(output + first) = out;
          if constexpr (backSkip) {
            const uint4 carried = quadTranspose(gw[0], gw[1], gw[2], gw[3]);
            if (live[h]) *reinterpret_cast<uint4*>(through->skipGradient + first) = carried;
          }
        }
      }
#pragma unroll
      for (int h = 0; h < 2; h++) {
#pragma unroll
        for (int offset = 1; offset < 4; offset <<= 1) {
          toCondition[h] += __shfl_xor_sync(0xffffffffu, toCondition[h], offset);
          toTime[h] += __shfl_xor_sync(0xffffffffu, toTime[h], offset);
        }
        if (q == 0 && live[h]) {
          through->dCondition[at + h * 8] = oldCondition[h] + toCondition[h];
          through->dTime[at + h * 8] = oldTime[h] + toTime[h];
        }
      }
      continue;
    }

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
  if constexpr (Kind == hopperStatistics || back) {
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
      (back ? through->sums : sums)[(static_cast<int64_t>(blockIdx.x) * Groups + group) * 2 * CO + i] =
          (shared[i] + shared[2 * CO + i] + shared[4 * CO + i] + shared[6 * CO + i]) * (back && i >= CO ? through->inverse[i - CO] : 1.0f);
  }
#endif
}

#define CONV1D_HOPPER_KIND(NAME, CI, CO, GROUPS, KIND)                                                                         \
  extern "C" __global__ void __launch_bounds__(128 * GROUPS, 1) conv1dHopper##NAME##_##CI##x##CO(                              \
      const bf16* in, const bf16* packed, const float* bias, bf16* output, int n, int positions, float* sums,                  \
      const bf16* condition, const bf16* time, int timeStride, const int* stepIndex, const bf16* skip) {                       \
    conv1dHopper<CI, CO, GROUPS, KIND>(in, packed, bias, output, n, positions, sums, condition, time, timeStride, stepIndex,   \
                                       skip, nullptr);                                                                         \
  }
#define CONV1D_HOPPER_BACK(NAME, CI, CO, GROUPS, KIND)                                                                         \
  extern "C" __global__ void __launch_bounds__(128 * GROUPS, 1) conv1dHopper##NAME##_##CI##x##CO(                              \
      const bf16* in, const bf16* packed, bf16* output, int n, int positions, const __grid_constant__ BackThroughInput through) { \
    conv1dHopper<CI, CO, GROUPS, KIND>(in, packed, nullptr, output, n, positions, nullptr, nullptr, nullptr, 0, nullptr,       \
                                       nullptr, &through);                                                                     \
  }
#define CONV1D_HOPPER(CI, CO, GROUPS, BACK_GROUPS)                                                                             \
  CONV1D_HOPPER_KIND(Statistics, CI, CO, GROUPS, hopperStatistics)                                                             \
  CONV1D_HOPPER_KIND(Plain, CI, CO, GROUPS, hopperPlain)                                                                       \
  CONV1D_HOPPER_KIND(Hidden, CI, CO, GROUPS, hopperHidden)                                                                     \
  CONV1D_HOPPER_KIND(HiddenSkip, CI, CO, GROUPS, hopperHiddenSkip)                                                             \
  CONV1D_HOPPER_BACK(Back, CI, CO, BACK_GROUPS, hopperBack)                                                                    \
  CONV1D_HOPPER_BACK(BackExtra, CI, CO, BACK_GROUPS, hopperBackExtra)                                                          \
  CONV1D_HOPPER_BACK(BackSkip, CI, CO, BACK_GROUPS, hopperBackSkip)
CONV1D_HOPPER(32, 64, 4, 3)
CONV1D_HOPPER(64, 32, 4, 4)
CONV1D_HOPPER(64, 128, 3, 3)
CONV1D_HOPPER(128, 64, 3, 3)
CONV1D_HOPPER(64, 96, 3, 2)
CONV1D_HOPPER(96, 64, 3, 3)

/**
 * Weight gradient: partial[split][tap][o][c] = Σ dv[p, o] · u[p + tap - half, c] over the split's positions. One operand's 64 channels
 * are the products' rows (u's when RowsAreInputs, else dv's), Columns channels of the other their columns; blockIdx.y says which.
 * Positions are the depth, so both operands are read transposed, and a tap is a shift of u's start address again.
 * Shapes: dv (n, positions, out), u (n, positions, in), partial (gridDim.x, 7, out, in). Block 512: group g has taps g and g + 4.
 */
template <int Columns, bool RowsAreInputs>
__device__ __forceinline__ void convWeightGradientHopper(const bf16* dv, const bf16* u, float* partial, int n, int positions) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL)
  constexpr int BK = 128, stages = 4, half = hopperTaps / 2, uRows = BK + hopperTaps - 1, NT = Columns / 8;
  constexpr int uChannels = RowsAreInputs ? 64 : Columns, dChannels = RowsAreInputs ? Columns : 64;
  constexpr int uPitch = (uRows + 6) / 8 * 8 + 1, dPitch = (BK + 6) / 8 * 8 + 1;  // ≡ 1 mod 8: no bank conflicts
  constexpr int stageSize = uChannels * uPitch + dChannels * dPitch;
  extern __shared__ __align__(128) unsigned char sharedBytes[];
  bf16* shared = reinterpret_cast<bf16*>(sharedBytes);
  const int in = RowsAreInputs ? 64 : Columns * gridDim.y, out = RowsAreInputs ? Columns * gridDim.y : 64;
  const int u0 = RowsAreInputs ? 0 : blockIdx.y * Columns, d0 = RowsAreInputs ? blockIdx.y * Columns : 0;
  const int group = __shfl_sync(0xffffffffu, static_cast<int>(threadIdx.x >> 7), 0), warp = (threadIdx.x >> 5) & 3, lane = threadIdx.x & 31;
  const int chunks = (positions + BK - 1) / BK, items = n * chunks;
  const int first = static_cast<int>(static_cast<int64_t>(items) * blockIdx.x / gridDim.x);
  const int last = static_cast<int>(static_cast<int64_t>(items) * (blockIdx.x + 1) / gridDim.x);

  auto load = [&](int item, int stage) {
    bf16* uTile = shared + stage * stageSize;
    bf16* dTile = uTile + uChannels * uPitch;
    const int64_t row = static_cast<int64_t>(item / chunks) * positions;
    const int p0 = (item % chunks) * BK;
    for (int i = threadIdx.x; i < uRows * (uChannels / 8); i += 512) {
      const int c = i % (uChannels / 8), r = i / (uChannels / 8), p = p0 + r - half;
      const bool valid = p >= 0 && p < positions;
      copyAsync(uTile + (c * uPitch + r) * 8, u + (valid ? (row + p) * in + u0 + c * 8 : 0), valid);
    }
    for (int i = threadIdx.x; i < BK * (dChannels / 8); i += 512) {
      const int c = i % (dChannels / 8), r = i / (dChannels / 8), p = p0 + r;
      const bool valid = p < positions;
      copyAsync(dTile + (c * dPitch + r) * 8, dv + (valid ? (row + p) * out + d0 + c * 8 : 0), valid);
    }
  };

  float acc[2][NT][4];
#pragma unroll
  for (int t = 0; t < 2; t++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[t][j][e] = 0.0f;

  for (int k = 0; k < stages - 2; k++) {
    if (first + k < last) load(first + k, k);
    copyCommit();
  }
  for (int item = first, k = 0; item < last; item++, k++) {
    copyWait<stages - 3>();
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    // The products before the last ones have ended in every group: their tile may be overwritten. The last ones go on meanwhile.
    asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");
    __syncthreads();
    if (item + stages - 2 < last) load(item + stages - 2, (k + stages - 2) % stages);
    copyCommit();
    const bf16* uTile = shared + (k % stages) * stageSize;
    const uint64_t ud = matrixDescriptor(uTile, 128, uPitch * 16);
    const uint64_t dd = matrixDescriptor(uTile + uChannels * uPitch, 128, dPitch * 16);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
#pragma unroll
    for (int d = 0; d < BK; d += 16) {
      const uint64_t a = RowsAreInputs ? ud + group + d : dd + d, b = RowsAreInputs ? dd + d : ud + group + d;
      Product<Columns, 1>::multiply(acc[0], a, b, 1);
    }
    if (group + 4 < hopperTaps) {
#pragma unroll
      for (int d = 0; d < BK; d += 16) {
        const uint64_t a = RowsAreInputs ? ud + group + 4 + d : dd + d, b = RowsAreInputs ? dd + d : ud + group + 4 + d;
        Product<Columns, 1>::multiply(acc[1], a, b, 1);
      }
    }
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  }
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
#pragma unroll
  for (int t = 0; t < 2; t++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) asm volatile("" : "+f"(acc[t][j][e])::"memory");
#pragma unroll
  for (int t = 0; t < 2; t++) {
    const int tap = group + t * 4;
    if (tap >= hopperTaps) break;
    float* to = partial + (static_cast<int64_t>(blockIdx.x) * hopperTaps + tap) * out * in;
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int row = warp * 16 + (lane >> 2) + (e >> 1) * 8, column = blockIdx.y * Columns + j * 8 + (lane & 3) * 2 + (e & 1);
        to[RowsAreInputs ? column * in + row : row * in + column] = acc[t][j][e];
      }
  }
#endif
}

#define CONV_WEIGHT_GRADIENT_HOPPER(NAME, COLUMNS, ROWS_ARE_INPUTS)                                                            \
  extern "C" __global__ void __launch_bounds__(512, 1)                                                                         \
      convWeightGradientHopper##NAME(const bf16* dv, const bf16* u, float* partial, int n, int positions) {                    \
    convWeightGradientHopper<COLUMNS, ROWS_ARE_INPUTS>(dv, u, partial, n, positions);                                          \
  }
CONV_WEIGHT_GRADIENT_HOPPER(FromInputs_32, 32, true)
CONV_WEIGHT_GRADIENT_HOPPER(FromInputs_64, 64, true)
CONV_WEIGHT_GRADIENT_HOPPER(FromOutputs_32, 32, false)
CONV_WEIGHT_GRADIENT_HOPPER(FromOutputs_64, 64, false)
