// The denoiser's convolutions along the token ("same" padding, any odd width) as implicit matrix products.
// Activations are (n, positions, channels). One tile of positions with its halo is put into shared memory once; each tap
// multiplies the tile, shifted by one row, with that tap's (out, in) matrix, which streams in behind the products.
// A convolution's input gradient is the same kernel with weights packed the other way round; see packConvWeights.
// Reference: the float32 instances are the same source on plain multiply-adds.
#include "convStore.cuh"

template <typename T>
__device__ __forceinline__ void loadTile(T* tile, int pitch, const T* in, int firstPosition, int rows, int positions, int channels,
                                         int padded, int taps) {
  constexpr int V = Lanes<T>::vector;
  const int threads = blockDim.x;
  if (channels == 1) {
    // One input channel: the taps themselves are the depth, (row, tap) = in[position + tap - half].
    for (int i = threadIdx.x; i < rows * padded; i += threads) {
      const int r = i / padded, k = i % padded, p = firstPosition + r + k;
      tile[r * pitch + k] = k < taps && p >= 0 && p < positions ? in[p] : fromFloat<T>(0.0f);
    }
  } else if (channels % V == 0 && channels == padded) {
    const int perRow = channels / V;
    for (int i = threadIdx.x; i < rows * perRow; i += threads) {
      const int r = i / perRow, c = (i % perRow) * V, p = firstPosition + r;
      const bool valid = p >= 0 && p < positions;
      copyAsync(tile + r * pitch + c, in + (valid ? static_cast<int64_t>(p) * channels + c : 0), valid);
    }
  } else {
    for (int i = threadIdx.x; i < rows * padded; i += threads) {
      const int r = i / padded, c = i % padded, p = firstPosition + r;
      tile[r * pitch + c] =
          c < channels && p >= 0 && p < positions ? in[static_cast<int64_t>(p) * channels + c] : fromFloat<T>(0.0f);
    }
  }
}

template <typename T>
__device__ __forceinline__ void loadTap(T* tile, int pitch, const T* packed, int outBase, int outTile, int out, int padded) {
  constexpr int V = Lanes<T>::vector;
  const int perRow = padded / V;
  for (int i = threadIdx.x; i < outTile * perRow; i += blockDim.x) {
    const int o = i / perRow, c = (i % perRow) * V;
    const bool valid = outBase + o < out;
    copyAsync(tile + o * pitch + c, packed + (valid ? static_cast<int64_t>(outBase + o) * padded + c : 0), valid);
  }
}

/**
 * Shapes: in (n, positions, channels), packed (taps, out, padded), out (n, positions, out); block WM·WN warps computes
 * 16·MT·WM positions × 8·NT·WN channels; grid (n · ceil(positions / tile), ceil(out / tile)).
 * `sums` (gridDim.x, 2, out): sum and sum of squares of this tile's outputs, or null.
 * Hidden mode: u = (elu(v) + condition)·time, or elu(v)·time + skip; condition (n, positions); time is row n, or row
 * *stepIndex for all when given (sampling), of a table (·, timeStride).
 */
template <typename T, int MT, int NT, int WM, int WN, int Stages>
__device__ __forceinline__ void conv1d(const T* __restrict__ in, const T* __restrict__ packed, const float* __restrict__ bias,
                                                     T* __restrict__ output, int positions, int channels, int padded, int out, int taps,
                                                     int mode, float* __restrict__ sums, const T* __restrict__ condition,
                                                     const T* __restrict__ time, int timeStride, const int* __restrict__ stepIndex,
                                                     const T* __restrict__ skip, float* __restrict__ outputLast) {
  constexpr int BM = 16 * MT * WM, BN = 8 * NT * WN;
  extern __shared__ __align__(16) unsigned char sharedBytes[];
  const int pitch = padded + Lanes<T>::pad;
  const int steps = channels == 1 ? 1 : taps, half = taps / 2;
  const int rows = BM + steps - 1;
  T* tile = reinterpret_cast<T*>(sharedBytes);
  T* weights = tile + rows * pitch;
  const int stageSize = BN * pitch;

  const int tilesPerRow = (positions + BM - 1) / BM;
  const int n = blockIdx.x / tilesPerRow, p0 = (blockIdx.x % tilesPerRow) * BM, outBase = blockIdx.y * BN;
  const int warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wm = warp % WM, wn = warp / WM;

  loadTile(tile, pitch, in + static_cast<int64_t>(n) * positions * channels, p0 - half, rows, positions, channels, padded, taps);
  loadTap(weights, pitch, packed, outBase, BN, out, padded);
  copyCommit();

  float acc[MT][NT][4];
#pragma unroll
  for (int i = 0; i < MT; i++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[i][j][e] = 0.0f;

  for (int tap = 0; tap < steps; tap++) {
    if (Stages == 2 && tap + 1 < steps) {
      loadTap(weights + ((tap + 1) & 1) * stageSize, pitch, packed + static_cast<int64_t>(tap + 1) * out * padded, outBase, BN, out, padded);
      copyCommit();
      copyWait<1>();
    } else {
      copyWait<0>();
    }
    __syncthreads();
    const T* w = weights + (Stages == 2 ? (tap & 1) * stageSize : 0);
    warpTile<MT, NT, false, false>(acc, tile + (wm * 16 * MT + tap) * pitch, pitch, w + wn * 8 * NT * pitch, pitch, padded);
    __syncthreads();
    if (Stages == 1 && tap + 1 < steps) {
      loadTap(weights, pitch, packed + static_cast<int64_t>(tap + 1) * out * padded, outBase, BN, out, padded);
      copyCommit();
    }
  }

  // The tile is done with: shared memory now carries partial sums and then the outputs on their way to 16-byte stores.
  const int r0 = lane >> 2, c0 = (lane & 3) * 2;
#pragma unroll
  for (int j = 0; j < NT; j++)
#pragma unroll
    for (int e = 0; e < 2; e++) {
      const int o = outBase + wn * 8 * NT + j * 8 + c0 + e;
      const float b = bias != nullptr && o < out ? bias[o] : 0.0f;
#pragma unroll
      for (int i = 0; i < MT; i++) acc[i][j][e] += b, acc[i][j][e + 2] += b;
    }

  if (mode == convLast) {
#pragma unroll
    for (int i = 0; i < MT; i++)
#pragma unroll
      for (int j = 0; j < NT; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          const int p = p0 + wm * 16 * MT + i * 16 + r0 + (e >> 1) * 8, o = outBase + wn * 8 * NT + j * 8 + c0 + (e & 1);
          if (p < positions && o < out) outputLast[(static_cast<int64_t>(n) * positions + p) * out + o] = acc[i][j][e];
        }
    return;
  }

  float* partial = reinterpret_cast<float*>(sharedBytes);  // (WM, BN, 2)
  if (mode == convRaw && sums != nullptr) {
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 2; e++) {
        float s = 0.0f, q = 0.0f;
#pragma unroll
        for (int i = 0; i < MT; i++)
#pragma unroll
          for (int h = 0; h < 2; h++) {
            const int p = p0 + wm * 16 * MT + i * 16 + r0 + h * 8;
            const float v = p < positions ? acc[i][j][e + 2 * h] : 0.0f;
            s += v, q += v * v;
          }
#pragma unroll
        for (int offset = 4; offset < 32; offset <<= 1) {
          s += __shfl_xor_sync(0xffffffffu, s, offset);
          q += __shfl_xor_sync(0xffffffffu, q, offset);
        }
        if (r0 == 0) {
          const int c = wn * 8 * NT + j * 8 + c0 + e;
          partial[(wm * BN + c) * 2] = s, partial[(wm * BN + c) * 2 + 1] = q;
        }
      }
    __syncthreads();
    for (int c = threadIdx.x; c < BN; c += blockDim.x)
      if (outBase + c < out) {
        float s = 0.0f, q = 0.0f;
        for (int m = 0; m < WM; m++) s += partial[(m * BN + c) * 2], q += partial[(m * BN + c) * 2 + 1];
        sums[(static_cast<int64_t>(blockIdx.x) * 2) * out + outBase + c] = s;
        sums[(static_cast<int64_t>(blockIdx.x) * 2 + 1) * out + outBase + c] = q;
      }
    __syncthreads();
  }

  T* staged = reinterpret_cast<T*>(sharedBytes);  // (BM, BN + pad)
  constexpr int stagedPitch = BN + Lanes<T>::pad;
#pragma unroll
  for (int i = 0; i < MT; i++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        float a = acc[i][j][2 * h], b = acc[i][j][2 * h + 1];
        if (mode == convHidden) a = eluOf<T>(a), b = eluOf<T>(b);
        storePair(staged + (wm * 16 * MT + i * 16 + r0 + h * 8) * stagedPitch + wn * 8 * NT + j * 8 + c0, a, b);
      }
  __syncthreads();
  const int64_t first = static_cast<int64_t>(n) * positions + p0;
  const int timeIndex = stepIndex != nullptr ? *stepIndex : n;
  const Destination<T> to{output + first * out + outBase, out, mode, condition + first, time + static_cast<int64_t>(timeIndex) * timeStride + p0,
                          skip != nullptr ? skip + first * out + outBase : nullptr};
  storeStaged<T>(staged, stagedPitch, min(BM, positions - p0), min(BN, out - outBase), to, threadIdx.x, blockDim.x);
}

/**
 * Weights (out, in, taps) float32 → (taps, rows, padded) of T. Forward: rows = out, depth = in. Transposed (input gradient):
 * rows = in, depth = out, taps reversed. Depth one: (1, rows, padded) with the tap as depth.
 * `scale` (out) multiplies, or null: batch norm folded in for sampling.
 */
template <typename T>
__device__ void packConvWeights(const float* weight, const float* scale, T* packed, int out, int in, int taps, int padded, int transposed) {
  const int rows = transposed ? in : out, depth = transposed ? out : in, steps = depth == 1 ? 1 : taps;
  const int total = steps * rows * padded;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < total; i += gridDim.x * blockDim.x) {
    const int k = i % padded, r = (i / padded) % rows, s = i / (padded * rows);
    const int d = depth == 1 ? 0 : k, tap = depth == 1 ? k : s;
    float v = 0.0f;
    if (d < depth && tap < taps) {
      const int o = transposed ? d : r, c = transposed ? r : d;
      v = weight[(static_cast<int64_t>(o) * in + c) * taps + (transposed ? taps - 1 - tap : tap)];
      if (scale != nullptr) v *= scale[o];
    }
    packed[i] = fromFloat<T>(v);
  }
}

/**
 * Weight gradient: dW[tap][o][c] = Σ dv[p, o] · u[p + tap - half, c], split over position ranges.
 * Shapes: dv (n, positions, out), u (n, positions, channels), partial (gridDim.x, taps, out, channels) float32.
 * Block: one warp a tap (up to 8); grid (splits, out tiles · channel tiles, tap groups).
 */
template <typename T, int MT, int NT, int BK>
__device__ __forceinline__ void convWeightGradient(const T* __restrict__ dv, const T* __restrict__ u, float* __restrict__ partial, int n, int positions,
                                   int channels, int out, int taps) {
  constexpr int BO = 16 * MT, BC = 8 * NT, V = Lanes<T>::vector;
  constexpr int po = BO + Lanes<T>::pad, pc = BC + Lanes<T>::pad;
  extern __shared__ __align__(16) unsigned char sharedBytes[];
  const int half = taps / 2, warps = blockDim.x >> 5, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
  const int tapBase = blockIdx.z * warps, tap = tapBase + warp;
  const int span = min(warps, taps - tapBase);
  const int uRows = BK + warps - 1;
  const int stage = BK * po + uRows * pc;
  T* shared = reinterpret_cast<T*>(sharedBytes);
  const int outTiles = (out + BO - 1) / BO;
  const int o0 = (blockIdx.y % outTiles) * BO, ch0 = (blockIdx.y / outTiles) * BC;
  const int chunks = (positions + BK - 1) / BK;
  const int64_t items = static_cast<int64_t>(n) * chunks;
  const int64_t first = items * blockIdx.x / gridDim.x, last = items * (blockIdx.x + 1) / gridDim.x;

  auto load = [&](int64_t item, int s) {
    T* dTile = shared + s * stage;
    T* uTile = dTile + BK * po;
    const int64_t row = item / chunks;
    const int p0 = static_cast<int>(item % chunks) * BK;
    const T* dRow = dv + row * positions * out;
    const T* uRow = u + row * positions * channels;
    if (out % V == 0)
      for (int i = threadIdx.x; i < BK * (BO / V); i += blockDim.x) {
        const int r = i / (BO / V), c = (i % (BO / V)) * V, p = p0 + r;
        const bool valid = p < positions && o0 + c < out;
        copyAsync(dTile + r * po + c, dRow + (valid ? static_cast<int64_t>(p) * out + o0 + c : 0), valid);
      }
    else
      for (int i = threadIdx.x; i < BK * BO; i += blockDim.x) {
        const int r = i / BO, c = i % BO, p = p0 + r;
        dTile[r * po + c] = p < positions && o0 + c < out ? dRow[static_cast<int64_t>(p) * out + o0 + c] : fromFloat<T>(0.0f);
      }
    const int pu = p0 + tapBase - half;
    if (channels % V == 0)
      for (int i = threadIdx.x; i < uRows * (BC / V); i += blockDim.x) {
        const int r = i / (BC / V), c = (i % (BC / V)) * V, p = pu + r;
        const bool valid = p >= 0 && p < positions && ch0 + c < channels;
        copyAsync(uTile + r * pc + c, uRow + (valid ? static_cast<int64_t>(p) * channels + ch0 + c : 0), valid);
      }
    else
      for (int i = threadIdx.x; i < uRows * BC; i += blockDim.x) {
        const int r = i / BC, c = i % BC, p = pu + r;
        uTile[r * pc + c] =
            p >= 0 && p < positions && ch0 + c < channels ? uRow[static_cast<int64_t>(p) * channels + ch0 + c] : fromFloat<T>(0.0f);
      }
    copyCommit();
  };

  float acc[MT][NT][4];
#pragma unroll
  for (int i = 0; i < MT; i++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[i][j][e] = 0.0f;

  if (first < last) load(first, 0);
  for (int64_t item = first; item < last; item++) {
    const int s = static_cast<int>(item - first) & 1;
    if (item + 1 < last) {
      load(item + 1, s ^ 1);
      copyWait<1>();
    } else {
      copyWait<0>();
    }
    __syncthreads();
    const T* dTile = shared + s * stage;
    if (warp < span) warpTile<MT, NT, true, true>(acc, dTile, po, dTile + BK * po + warp * pc, pc, BK);
    __syncthreads();
  }
  if (warp >= span) return;
  const int r0 = lane >> 2, c0 = (lane & 3) * 2;
  float* to = partial + (static_cast<int64_t>(blockIdx.x) * taps + tap) * out * channels;
#pragma unroll
  for (int i = 0; i < MT; i++)
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int o = o0 + i * 16 + r0 + (e >> 1) * 8, c = ch0 + j * 8 + c0 + (e & 1);
        if (o < out && c < channels) to[static_cast<int64_t>(o) * channels + c] = acc[i][j][e];
      }
}

/**
 * The same where one side has a single channel (first and last convolution), memory-bound: no tensor cores.
 * partial[split][tap][c] = Σ wide[p, c] · narrow[p + tap - half] (or p - tap + half when `flip`: the last convolution).
 * Block (32, 8): a lane a channel (of a group of 32), a row of threads a stripe of positions. Grid (splits, channel groups).
 */
constexpr int maxEdgeTaps = 31;
template <typename T>
__device__ void convEdgeWeightGradient(const T* wide, const T* narrow, float* partial, int n, int positions, int channels, int taps, int flip) {
  __shared__ float window[256 + maxEdgeTaps];
  __shared__ float sum[8][32];
  const int lane = threadIdx.x, stripe = threadIdx.y, thread = stripe * 32 + lane, half = taps / 2;
  const int c = blockIdx.y * 32 + lane;
  float acc[maxEdgeTaps];
#pragma unroll
  for (int k = 0; k < maxEdgeTaps; k++) acc[k] = 0.0f;
  const int chunks = (positions + 255) / 256;
  const int64_t items = static_cast<int64_t>(n) * chunks;
  const int64_t first = items * blockIdx.x / gridDim.x, last = items * (blockIdx.x + 1) / gridDim.x;
  for (int64_t item = first; item < last; item++) {
    const int64_t row = item / chunks;
    const int p0 = static_cast<int>(item % chunks) * 256;
    __syncthreads();
    for (int i = thread; i < 256 + taps - 1; i += 256) {
      const int p = p0 + i - half;
      window[i] = p >= 0 && p < positions ? toFloat(narrow[row * positions + p]) : 0.0f;
    }
    __syncthreads();
    if (c < channels)
      for (int i = stripe; i < 256 && p0 + i < positions; i += 8) {
        const float v = toFloat(wide[(row * positions + p0 + i) * channels + c]);
        if (taps == 7) {
#pragma unroll
          for (int k = 0; k < 7; k++) acc[k] += v * window[i + (flip ? 6 - k : k)];
        } else {
#pragma unroll
          for (int k = 0; k < maxEdgeTaps; k++)
            if (k < taps) acc[k] += v * window[i + (flip ? taps - 1 - k : k)];
        }
      }
  }
#pragma unroll
  for (int k = 0; k < maxEdgeTaps; k++) {
    if (k >= taps) break;
    __syncthreads();
    sum[stripe][lane] = acc[k];
    __syncthreads();
    if (stripe == 0 && c < channels) {
      float s = 0.0f;
      for (int i = 0; i < 8; i++) s += sum[i][lane];
      partial[(static_cast<int64_t>(blockIdx.x) * taps + k) * channels + c] = s;
    }
  }
}

/**
 * The same for 7 taps and a power of two of 16-byte channel groups, up to 128 channels: a thread has the channels of one 16-byte
 * access, so that the wide side is read at full width and a window value serves them all. Block 256, grid (splits).
 */
constexpr int wideEdgeChannels = 128;
template <typename T>
__device__ void convEdgeWeightGradientWide(const T* wide, const T* narrow, float* partial, int n, int positions, int channels, int flip) {
  constexpr int V = Lanes<T>::vector, taps = 7, half = 3;
  __shared__ float window[256 + taps];
  __shared__ float sum[8][taps * wideEdgeChannels];
  const int lanes = channels / V, lane = threadIdx.x % lanes, slots = 256 / lanes, slot = threadIdx.x / lanes;
  float acc[taps][V];
#pragma unroll
  for (int k = 0; k < taps; k++)
#pragma unroll
    for (int e = 0; e < V; e++) acc[k][e] = 0.0f;
  const int chunks = (positions + 255) / 256;
  const int64_t items = static_cast<int64_t>(n) * chunks;
  const int64_t first = items * blockIdx.x / gridDim.x, last = items * (blockIdx.x + 1) / gridDim.x;
  for (int64_t item = first; item < last; item++) {
    const int64_t row = item / chunks;
    const int p0 = static_cast<int>(item % chunks) * 256;
    __syncthreads();
    for (int i = threadIdx.x; i < 256 + taps - 1; i += 256) {
      const int p = p0 + i - half;
      window[i] = p >= 0 && p < positions ? toFloat(narrow[row * positions + p]) : 0.0f;
    }
    __syncthreads();
#pragma unroll 4
    for (int i = slot; i < min(256, positions - p0); i += slots) {
      float v[V];
      loadVector(wide + (row * positions + p0 + i) * channels + lane * V, v);
#pragma unroll
      for (int k = 0; k < taps; k++) {
        const float w = window[i + (flip ? taps - 1 - k : k)];
#pragma unroll
        for (int e = 0; e < V; e++) acc[k][e] += v[e] * w;
      }
    }
  }
#pragma unroll
  for (int k = 0; k < taps; k++)
#pragma unroll
    for (int e = 0; e < V; e++) {
      float s = acc[k][e];
      for (int offset = lanes; offset < 32; offset <<= 1) s += __shfl_xor_sync(0xffffffffu, s, offset);
      if ((threadIdx.x & 31) < lanes) sum[threadIdx.x >> 5][k * channels + lane * V + e] = s;
    }
  __syncthreads();
  for (int i = threadIdx.x; i < taps * channels; i += 256) {
    float s = 0.0f;
    for (int w = 0; w < 8; w++) s += sum[w][i];
    partial[static_cast<int64_t>(blockIdx.x) * taps * channels + i] = s;
  }
}

/** partial (splits, taps, out·in) → gradient (out·in, taps), adding splits in order. */
extern "C" __global__ void convReduceWeightGradient(const float* partial, float* gradient, int splits, int taps, int pairs) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= taps * pairs) return;
  float s = 0.0f;
#pragma unroll 8
  for (int k = 0; k < splits; k++) s += partial[static_cast<int64_t>(k) * taps * pairs + i];
  gradient[(i % pairs) * taps + i / pairs] = s;
}


// Instances. The host picks by channel count and shared memory; names say type and tile (positions × channels).
#define CONV1D(name, T, MT, NT, WM, WN, STAGES)                                                                              \
  extern "C" __global__ void __launch_bounds__(WM * WN * 32)                                                                 \
      name(const T* in, const T* packed, const float* bias, T* output, int positions, int channels, int padded, int out,     \
           int taps, int mode, float* sums, const T* condition, const T* time, int timeStride, const int* stepIndex,         \
           const T* skip, float* outputLast) {                                                                               \
    conv1d<T, MT, NT, WM, WN, STAGES>(in, packed, bias, output, positions, channels, padded, out, taps, mode, sums,          \
                                      condition, time, timeStride, stepIndex, skip, outputLast);                             \
  }
CONV1D(conv1d_128x128_bf16, bf16, 4, 8, 2, 2, 2)
CONV1D(conv1d_256x64_bf16, bf16, 4, 8, 4, 1, 2)
CONV1D(conv1d_128x64_bf16, bf16, 2, 8, 4, 1, 2)
CONV1D(conv1d_256x32_bf16, bf16, 4, 4, 4, 1, 2)
CONV1D(conv1d_256x8_bf16, bf16, 4, 1, 4, 1, 2)
CONV1D(conv1d_64x64_f32, float, 1, 8, 4, 1, 1)
CONV1D(conv1d_64x32_f32, float, 1, 4, 4, 1, 1)
CONV1D(conv1d_64x8_f32, float, 1, 1, 4, 1, 1)

#define CONV_WEIGHT_GRADIENT(name, T, MT, NT, BK)                                                                            \
  extern "C" __global__ void __launch_bounds__(256)                                                                          \
      name(const T* dv, const T* u, float* partial, int n, int positions, int channels, int out, int taps) {                 \
    convWeightGradient<T, MT, NT, BK>(dv, u, partial, n, positions, channels, out, taps);                                    \
  }
CONV_WEIGHT_GRADIENT(convWeightGradient_64x64_bf16, bf16, 4, 8, 64)
CONV_WEIGHT_GRADIENT(convWeightGradient_64x32_bf16, bf16, 4, 4, 64)
CONV_WEIGHT_GRADIENT(convWeightGradient_32x64_bf16, bf16, 2, 8, 64)
CONV_WEIGHT_GRADIENT(convWeightGradient_32x32_bf16, bf16, 2, 4, 64)
CONV_WEIGHT_GRADIENT(convWeightGradient_32x32_f32, float, 2, 4, 32)

/** Many layers' weights in one launch: blockIdx.y is the job. */
constexpr int maxJobs = 16;
struct PackPointers {
  const float* weight[maxJobs];
  void* packed[maxJobs];
};
struct PackSizes {
  int out[maxJobs], in[maxJobs], taps[maxJobs], padded[maxJobs], transposed[maxJobs];
};

#define CONV_SMALL(suffix, T)                                                                                                \
  extern "C" __global__ void packConvWeights_##suffix(const float* weight, const float* scale, T* packed, int out, int in,   \
                                                      int taps, int padded, int transposed) {                                \
    packConvWeights<T>(weight, scale, packed, out, in, taps, padded, transposed);                                            \
  }                                                                                                                          \
  extern "C" __global__ void packConvWeightsAll_##suffix(PackPointers at, PackSizes size) {                                  \
    const int j = blockIdx.y;                                                                                                \
    packConvWeights<T>(at.weight[j], nullptr, static_cast<T*>(at.packed[j]), size.out[j], size.in[j], size.taps[j],          \
                       size.padded[j], size.transposed[j]);                                                                  \
  }                                                                                                                          \
  extern "C" __global__ void convEdgeWeightGradient_##suffix(const T* wide, const T* narrow, float* partial, int n,          \
                                                             int positions, int channels, int taps, int flip) {              \
    convEdgeWeightGradient<T>(wide, narrow, partial, n, positions, channels, taps, flip);                                    \
  }
#define CONV_EDGE_WIDE(suffix, T)                                                                                            \
  extern "C" __global__ void __launch_bounds__(256) convEdgeWeightGradientWide_##suffix(                                     \
      const T* wide, const T* narrow, float* partial, int n, int positions, int channels, int flip) {                        \
    convEdgeWeightGradientWide<T>(wide, narrow, partial, n, positions, channels, flip);                                      \
  }
CONV_EDGE_WIDE(bf16, bf16)
CONV_EDGE_WIDE(f32, float)
CONV_SMALL(bf16, bf16)
CONV_SMALL(f32, float)
