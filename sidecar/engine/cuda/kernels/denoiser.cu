// The denoiser around its convolutions: noise and loss, what enters a layer, batch norm, and their gradients; the sampler's
// update. Activations are (n, positions, channels); condition and time (n, positions) are shared by all channels.
// Forward of a layer: u = (h + condition)·time, v = convolution(u) + bias, a = batchNorm(v), h' = elu(a).
#include "common.cuh"
#include "philox.cuh"

constexpr uint32_t streamDiffusionTime = 1, streamDiffusionNoise = 2, streamSampleStart = 3, streamSampleNoise = 4;

/** t (n), integers below T, from Philox. `key` = {seed, step} in device memory, so that one captured step serves all. */
extern "C" __global__ void drawTimes(int* t, const uint32_t* key, int n, int T) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  const uint4 w = philoxBlock(i / 4, key[0], streamDiffusionTime, key[1], 0);
  const uint32_t words[4] = {w.x, w.y, w.z, w.w};
  t[i] = static_cast<int>(__umulhi(words[i & 3], static_cast<uint32_t>(T)));
}

/** epsilon (count) standard normals, count a multiple of 4 or less than the buffer's rounding. */
extern "C" __global__ void drawNoise(float* epsilon, const uint32_t* key, int64_t count) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (block * 4 >= count) return;
  const float4 v = philoxNormal(block, key[0], streamDiffusionNoise, key[1], 0);
  const float values[4] = {v.x, v.y, v.z, v.w};
  for (int e = 0; e < 4; e++)
    if (block * 4 + e < count) epsilon[block * 4 + e] = values[e];
}

/** xt = signal[t]·x0 + noise[t]·epsilon; padding (NaN) counts as 0. `valid` += entries that are not padding. */
extern "C" __global__ void addNoise(const float* x0, const float* epsilon, const int* t, const float* signal, const float* noise, float* xt,
                                    int* valid, int64_t count, int dim) {
  __shared__ int blockCount;
  if (threadIdx.x == 0) blockCount = 0;
  __syncthreads();
  int mine = 0;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const float x = x0[i];
    mine += !isnan(x);
    if (xt != nullptr) {
      const int step = t[i / dim];
      xt[i] = (isnan(x) ? 0.0f : signal[step] * x) + noise[step] * epsilon[i];
    }
  }
  atomicAdd(&blockCount, mine);  // integers: the order does not matter
  __syncthreads();
  if (threadIdx.x == 0) atomicAdd(valid, blockCount);
}

/** 128 cosines then 128 sines of t·frequency; float64, because the largest angle is T radians. */
template <typename T> __device__ void timeFeatures(const int* t, const float* frequencies, T* out, int n, int half) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n * half) return;
  const int row = i / half, k = i % half;
  double s, c;
  sincos(static_cast<double>(t[row]) * static_cast<double>(frequencies[k]), &s, &c);
  out[row * 2 * half + k] = fromFloat<T>(static_cast<float>(c));
  out[row * 2 * half + half + k] = fromFloat<T>(static_cast<float>(s));
}

/** First layer's input u = (x + condition)·time, one channel. */
template <typename T>
__device__ void firstInput(const float* x, const T* condition, const T* time, int64_t timeRows, const int* stepIndex, T* u, int64_t count, int positions) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int64_t at = timeRows == 1 ? (stepIndex != nullptr ? *stepIndex : 0) * static_cast<int64_t>(positions) + i % positions : i;
  u[i] = fromFloat<T>((x[i] + toFloat(condition[i])) * toFloat(time[at]));
}

/** Batch norm as one multiply-add per channel: a = v·scale + shift; means and inverse deviations for the backward pass. */
struct Norm {
  const float *scale, *shift, *mean, *inverse;
};

/**
 * A later layer's input u = (elu(norm(v)) [+ elu(norm(v2))] + condition)·time. `vectors`: channels % Lanes::vector == 0.
 * Shapes: v, v2, u (rows, channels); condition, time (rows).
 */
template <typename T>
__device__ void layerInput(const T* v, Norm norm, const T* v2, Norm norm2, const T* condition, const T* time, T* u, int64_t rows, int channels) {
  constexpr int V = Lanes<T>::vector;
  if (channels % V == 0) {
    const int perRow = channels / V;
    const int64_t total = rows * perRow;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
      const int64_t row = i / perRow;
      const int c = static_cast<int>(i % perRow) * V;
      float a[V], b[V];
      loadVector(v + row * channels + c, a);
      if (v2 != nullptr) loadVector(v2 + row * channels + c, b);
      const float cd = toFloat(condition[row]), tm = toFloat(time[row]);
#pragma unroll
      for (int e = 0; e < V; e++) {
        float h = eluOf<T>(a[e] * norm.scale[c + e] + norm.shift[c + e]);
        if (v2 != nullptr) h += eluOf<T>(b[e] * norm2.scale[c + e] + norm2.shift[c + e]);
        a[e] = (h + cd) * tm;
      }
      storeVector(u + row * channels + c, a);
    }
  } else {
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < rows * channels; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
      const int64_t row = i / channels;
      const int c = static_cast<int>(i % channels);
      float h = eluOf<T>(toFloat(v[i]) * norm.scale[c] + norm.shift[c]);
      if (v2 != nullptr) h += eluOf<T>(toFloat(v2[i]) * norm2.scale[c] + norm2.shift[c]);
      u[i] = fromFloat<T>((h + toFloat(condition[row])) * toFloat(time[row]));
    }
  }
}

/** sums (tiles, width) → partial (gridDim.y, width), in float64. Grid (width/32, splits), block (32, 8). */
extern "C" __global__ void sumTiles(const float* sums, double* partial, int tiles, int width) {
  __shared__ double shared[8][32];
  const int c = blockIdx.x * 32 + threadIdx.x;
  const int first = static_cast<int>(static_cast<int64_t>(tiles) * blockIdx.y / gridDim.y);
  const int last = static_cast<int>(static_cast<int64_t>(tiles) * (blockIdx.y + 1) / gridDim.y);
  double s = 0.0;
  if (c < width)
    for (int t = first + threadIdx.y; t < last; t += 8) s += sums[static_cast<int64_t>(t) * width + c];
  shared[threadIdx.y][threadIdx.x] = s;
  __syncthreads();
  if (threadIdx.y == 0 && c < width) {
    for (int k = 1; k < 8; k++) s += shared[k][threadIdx.x];
    partial[static_cast<int64_t>(blockIdx.y) * width + c] = s;
  }
}

/** Column c of (splits, width) sums by the 16 threads of a block (32, 16) that share it; the first gets it. `shared` (16, 32). */
template <typename S> __device__ __forceinline__ double sumSplits(const S* sums, int splits, int width, int c, double (*shared)[32]) {
  double s = 0.0;
  if (c < width)
#pragma unroll 8
    for (int k = threadIdx.y; k < splits; k += 16) s += static_cast<double>(sums[static_cast<int64_t>(k) * width + c]);
  __syncthreads();
  shared[threadIdx.y][threadIdx.x] = s;
  __syncthreads();
  if (threadIdx.y == 0)
#pragma unroll
    for (int k = 1; k < 16; k++) s += shared[k][threadIdx.x];
  return s;
}

/** Statistics of a batch from partial (splits, 2, channels) sums; grid (channels/32), block (32, 16); running values take a tenth of them (variance unbiased). */
template <typename S>
__device__ void finishBatchNorm(const S* partial, int splits, int channels, double count, const float* gamma, const float* beta,
                                           float* scale, float* shift, float* mean, float* inverse, float* runningMean, float* runningVar,
                                           float* batchesTracked) {
  __shared__ double shared[16][32];
  const int c = blockIdx.x * 32 + threadIdx.x;
  const double s = sumSplits(partial, splits, 2 * channels, c, shared), q = sumSplits(partial, splits, 2 * channels, channels + c, shared);
  if (threadIdx.y != 0 || c >= channels) return;
  if (c == 0 && batchesTracked != nullptr) batchesTracked[0] += 1.0f;
  const double m = s / count;
  const double variance = fmax(q / count - m * m, 0.0);
  const float is = static_cast<float>(1.0 / sqrt(variance + 1e-5));
  mean[c] = static_cast<float>(m);
  inverse[c] = is;
  scale[c] = gamma[c] * is;
  shift[c] = beta[c] - static_cast<float>(m) * gamma[c] * is;
  if (runningMean != nullptr) {
    runningMean[c] = 0.9f * runningMean[c] + 0.1f * static_cast<float>(m);
    runningVar[c] = 0.9f * runningVar[c] + 0.1f * static_cast<float>(variance * count / fmax(count - 1.0, 1.0));
  }
}

/** Sampling: weights' scale and the bias that do convolution, bias and batch norm with running statistics in one. */
extern "C" __global__ void foldBatchNorm(const float* gamma, const float* beta, const float* runningMean, const float* runningVar,
                                         const float* bias, float* scale, float* foldedBias, int channels) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  const float s = gamma[c] / sqrtf(runningVar[c] + 1e-5f);
  scale[c] = s;
  foldedBias[c] = (bias[c] - runningMean[c]) * s + beta[c];
}

/** Squared error over entries that are not padding, and its gradient. target null: the clean tokens themselves (no diffusion). */
template <typename T, typename P>
__device__ void lossGradient(const P* predicted, const float* target, const float* x0, const int* valid, T* gradient, float* partial, int64_t count) {
  __shared__ float scratch[33];
  const float each = 1.0f / fmaxf(1.0f, static_cast<float>(*valid));
  float sum = 0.0f;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
    const float x = x0[i];
    const float d = isnan(x) ? 0.0f : toFloat(predicted[i]) - (target != nullptr ? target[i] : x);
    sum += d * d;
    gradient[i] = fromFloat<T>(2.0f * d * each);
  }
  sum = blockSum(sum, scratch);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum * each;
}

/** One block: loss = Σ partial. */
extern "C" __global__ void finishLoss(const float* partial, int count, float* loss) {
  __shared__ float scratch[33];
  float s = 0.0f;
  for (int i = threadIdx.x; i < count; i += blockDim.x) s += partial[i];
  s = blockSum(s, scratch);
  if (threadIdx.x == 0) *loss = s;
}

/**
 * Back through u = (h [+ h2] + condition)·time and h = elu(norm(v)): from du to da, in place, with the sums batch norm's
 * gradient needs. extra: what h gets as somebody's skip connection (added); skipGradient: where h2's share is left.
 * dCondition, dTime (rows) float32 accumulate over layers. sums (gridDim.x, 2, channels).
 * Block 256: `lanes` threads (a power of two ≤ 32) share a position, each owning V neighbouring channels.
 */
template <typename T, int V, bool Skip>
__device__ void layerInputBackward(T* du, const T* v, Norm norm, const T* v2, Norm norm2, const T* condition, const T* time, const T* extra,
                                   T* skipGradient, float* dCondition, float* dTime, float* sums, int64_t rows, int channels, int lanes, int first) {
  extern __shared__ float shared[];  // (256 / lanes, channels, 2)
  const int lane = threadIdx.x % lanes, slot = threadIdx.x / lanes, slots = blockDim.x / lanes, c = lane * V;
  const bool active = c < channels;
  float sa[V], sb[V], scale[V], shift[V], mean[V], scale2[V], shift2[V];
#pragma unroll
  for (int e = 0; e < V; e++) {
    sa[e] = sb[e] = 0.0f;
    scale[e] = active ? norm.scale[c + e] : 0.0f, shift[e] = active ? norm.shift[c + e] : 0.0f, mean[e] = active ? norm.mean[c + e] : 0.0f;
    scale2[e] = Skip && active ? norm2.scale[c + e] : 0.0f, shift2[e] = Skip && active ? norm2.shift[c + e] : 0.0f;
  }
  const int64_t perPass = static_cast<int64_t>(gridDim.x) * slots;
  // Two positions at a time: twice the loads in flight. All lanes of a warp stay in the loop together, the shuffles need them.
  for (int64_t base = static_cast<int64_t>(blockIdx.x) * slots; base < rows; base += 2 * perPass) {
    float g[2][V], x[2][V], y[2][V], w[2][V], cd[2], tm[2], toCondition[2] = {0.0f, 0.0f}, toTime[2] = {0.0f, 0.0f};
    float oldCondition[2] = {0.0f, 0.0f}, oldTime[2] = {0.0f, 0.0f};
#pragma unroll
    for (int u = 0; u < 2; u++) {
      const int64_t row = base + u * perPass + slot, at = row * channels + c;
      if (!active || row >= rows) continue;
      cd[u] = toFloat(condition[row]), tm[u] = toFloat(time[row]);
      if (!first) oldCondition[u] = dCondition[row], oldTime[u] = dTime[row];
      if constexpr (V == 1) {
        g[u][0] = toFloat(du[at]), x[u][0] = toFloat(v[at]);
        if (Skip) y[u][0] = toFloat(v2[at]);
        if (extra != nullptr) w[u][0] = toFloat(extra[at]);
      } else {
        loadVector(du + at, g[u]), loadVector(v + at, x[u]);
        if (Skip) loadVector(v2 + at, y[u]);
        if (extra != nullptr) loadVector(extra + at, w[u]);
      }
    }
#pragma unroll
    for (int u = 0; u < 2; u++) {
      const int64_t row = base + u * perPass + slot, at = row * channels + c;
      if (!active || row >= rows) continue;
#pragma unroll
      for (int e = 0; e < V; e++) {
        const float h = eluOf<T>(x[u][e] * scale[e] + shift[e]);
        float input = h;
        if (Skip) input += eluOf<T>(y[u][e] * scale2[e] + shift2[e]);
        const float dInput = g[u][e] * tm[u];
        toCondition[u] += dInput;
        toTime[u] += g[u][e] * (input + cd[u]);
        if (Skip) y[u][e] = dInput;
        const float dh = extra != nullptr ? dInput + w[u][e] : dInput;
        const float da = h > 0.0f ? dh : dh * (h + 1.0f);
        g[u][e] = da;
        sa[e] += da;
        sb[e] += da * (x[u][e] - mean[e]);
      }
      if constexpr (V == 1) {
        du[at] = fromFloat<T>(g[u][0]);
        if (Skip) skipGradient[at] = fromFloat<T>(y[u][0]);
      } else {
        storeVector(du + at, g[u]);
        if (Skip) storeVector(skipGradient + at, y[u]);
      }
    }
#pragma unroll
    for (int u = 0; u < 2; u++) {
      const int64_t row = base + u * perPass + slot;
      for (int offset = lanes >> 1; offset > 0; offset >>= 1) {
        toCondition[u] += __shfl_xor_sync(0xffffffffu, toCondition[u], offset);
        toTime[u] += __shfl_xor_sync(0xffffffffu, toTime[u], offset);
      }
      if (lane == 0 && row < rows) {
        dCondition[row] = oldCondition[u] + toCondition[u];
        dTime[row] = oldTime[u] + toTime[u];
      }
    }
  }
  if (active)
#pragma unroll
    for (int e = 0; e < V; e++) {
      shared[(slot * channels + c + e) * 2] = sa[e];
      shared[(slot * channels + c + e) * 2 + 1] = sb[e] * norm.inverse[c + e];
    }
  __syncthreads();
  for (int i = threadIdx.x; i < channels * 2; i += blockDim.x) {
    float s = 0.0f;
    for (int k = 0; k < slots; k++) s += shared[(k * channels + (i % channels)) * 2 + i / channels];
    sums[static_cast<int64_t>(blockIdx.x) * 2 * channels + i] = s;
  }
}

/** The first layer's share of dCondition and dTime: one channel, h = x. */
template <typename T>
__device__ void firstInputBackward(const T* du, const float* x, const T* condition, const T* time, float* dCondition, float* dTime, int64_t count, int first) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float g = toFloat(du[i]), a = g * toFloat(time[i]), b = g * (x[i] + toFloat(condition[i]));
  dCondition[i] = first ? a : dCondition[i] + a;
  dTime[i] = first ? b : dTime[i] + b;
}

/** d gamma, d beta and the two means of batch norm's gradient, from partial (splits, 2, channels): Σ da, Σ da·normalised. */
template <typename S>
__device__ void finishBatchNormBackward(const S* partial, int splits, int channels, double count, float* dGamma, float* dBeta,
                                                   float* meanA, float* meanB) {
  __shared__ double shared[16][32];
  const int c = blockIdx.x * 32 + threadIdx.x;
  const double a = sumSplits(partial, splits, 2 * channels, c, shared), b = sumSplits(partial, splits, 2 * channels, channels + c, shared);
  if (threadIdx.y != 0 || c >= channels) return;
  dBeta[c] = static_cast<float>(a);
  dGamma[c] = static_cast<float>(b);
  meanA[c] = static_cast<float>(a / count);
  meanB[c] = static_cast<float>(b / count);
}

/** dv = scale·(da - meanA - normalised·meanB), written over v: nobody needs v after its own batch norm's gradient. */
template <typename T>
__device__ void batchNormBackward(const T* da, T* v, Norm norm, const float* meanA, const float* meanB, int64_t rows, int channels) {
  constexpr int V = Lanes<T>::vector;
  if (channels % V == 0) {
    const int perRow = channels / V;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < rows * perRow; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
      const int c = static_cast<int>(i % perRow) * V;
      float a[V], x[V];
      loadVector(da + i * V, a), loadVector(v + i * V, x);
#pragma unroll
      for (int e = 0; e < V; e++)
        a[e] = norm.scale[c + e] * (a[e] - meanA[c + e] - (x[e] - norm.mean[c + e]) * norm.inverse[c + e] * meanB[c + e]);
      storeVector(v + i * V, a);
    }
  } else {
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < rows * channels; i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
      const int c = static_cast<int>(i % channels);
      const float normalised = (toFloat(v[i]) - norm.mean[c]) * norm.inverse[c];
      v[i] = fromFloat<T>(norm.scale[c] * (toFloat(da[i]) - meanA[c] - normalised * meanB[c]));
    }
  }
}

/** Where a sampling slice stands and whose noise it draws; in device memory, changed by the host between graph launches. */
struct SampleState {
  uint32_t seed, firstNetwork;
  int stepIndex, steps;
};

/** xT of a slice. Index of a value inside its network = (firstRow + row)·dim + j. One thread makes four values. */
extern "C" __global__ void sampleStart(float* x, const SampleState* state, int64_t firstValue, int64_t count, int64_t perNetwork) {
  const int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * 4;
  for (int e = 0; e < 4; e++) {
    if (i + e >= count) return;
    const int64_t value = firstValue + i + e, index = value % perNetwork;
    const float4 v = philoxNormal(index / 4, state->seed, streamSampleStart, 0, state->firstNetwork + static_cast<uint32_t>(value / perNetwork));
    const int k = static_cast<int>(index & 3);
    x[i + e] = k == 0 ? v.x : k == 1 ? v.y : k == 2 ? v.z : v.w;
  }
}

/**
 * x ← a·x + b·epsilon + sigma·noise, and the next step's first input (x + condition)·time. `coefficients` (steps, 4) rows
 * {a, b, sigma, ·}; `given` (steps, perNetwork) noise of golden values, or null for Philox.
 */
template <typename T>
__device__ void sampleUpdate(float* x, const float* epsilon, const float* coefficients, const float* given, const T* condition, const T* time, T* u,
                             const SampleState* state, int64_t firstValue, int64_t count, int64_t perNetwork, int positions) {
  const int64_t i = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * 4;
  const int step = state->stepIndex;
  const float a = coefficients[step * 4], b = coefficients[step * 4 + 1], sigma = coefficients[step * 4 + 2];
  const int next = min(step + 1, state->steps - 1);
  float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  int64_t drawn = -1;
  for (int e = 0; e < 4; e++) {
    if (i + e >= count) return;
    const int64_t value = firstValue + i + e, index = value % perNetwork;
    float noise = 0.0f;
    if (given != nullptr) {
      noise = sigma != 0.0f ? given[step * perNetwork + value] : 0.0f;
    } else if (sigma != 0.0f) {
      if (value - index + index / 4 != drawn) {
        v = philoxNormal(index / 4, state->seed, streamSampleNoise, step + 1, state->firstNetwork + static_cast<uint32_t>(value / perNetwork));
        drawn = value - index + index / 4;
      }
      const int k = static_cast<int>(index & 3);
      noise = k == 0 ? v.x : k == 1 ? v.y : k == 2 ? v.z : v.w;
    }
    const float next_x = a * x[i + e] + b * epsilon[i + e] + sigma * noise;
    x[i + e] = next_x;
    u[i + e] = fromFloat<T>((next_x + toFloat(condition[i + e])) * toFloat(time[static_cast<int64_t>(next) * positions + (i + e) % positions]));
  }
}

extern "C" __global__ void advanceStep(SampleState* state) { state->stepIndex++; }

#define DENOISER(suffix, T, VECTOR)                                                                                            \
  extern "C" __global__ void timeFeatures_##suffix(const int* t, const float* frequencies, T* out, int n, int half) {          \
    timeFeatures<T>(t, frequencies, out, n, half);                                                                             \
  }                                                                                                                            \
  extern "C" __global__ void firstInput_##suffix(const float* x, const T* condition, const T* time, int64_t timeRows,          \
                                                 const int* stepIndex, T* u, int64_t count, int positions) {                   \
    firstInput<T>(x, condition, time, timeRows, stepIndex, u, count, positions);                                               \
  }                                                                                                                            \
  extern "C" __global__ void layerInput_##suffix(const T* v, Norm norm, const T* v2, Norm norm2, const T* condition,           \
                                                 const T* time, T* u, int64_t rows, int channels) {                            \
    layerInput<T>(v, norm, v2, norm2, condition, time, u, rows, channels);                                                     \
  }                                                                                                                            \
  extern "C" __global__ void lossGradient_##suffix(const float* predicted, const float* target, const float* x0,               \
                                                   const int* valid, T* gradient, float* partial, int64_t count) {             \
    lossGradient<T, float>(predicted, target, x0, valid, gradient, partial, count);                                            \
  }                                                                                                                            \
  extern "C" __global__ void tokenLossGradient_##suffix(const T* predicted, const float* x0, const int* valid, T* gradient,    \
                                                        float* partial, int64_t count) {                                       \
    lossGradient<T, T>(predicted, nullptr, x0, valid, gradient, partial, count);                                               \
  }                                                                                                                            \
  extern "C" __global__ void firstInputBackward_##suffix(const T* du, const float* x, const T* condition, const T* time,       \
                                                         float* dCondition, float* dTime, int64_t count, int first) {          \
    firstInputBackward<T>(du, x, condition, time, dCondition, dTime, count, first);                                            \
  }                                                                                                                            \
  extern "C" __global__ void batchNormBackward_##suffix(const T* da, T* v, Norm norm, const float* meanA, const float* meanB,  \
                                                        int64_t rows, int channels) {                                          \
    batchNormBackward<T>(da, v, norm, meanA, meanB, rows, channels);                                                           \
  }                                                                                                                            \
  extern "C" __global__ void sampleUpdate_##suffix(float* x, const float* epsilon, const float* coefficients,                  \
                                                   const float* given, const T* condition, const T* time, T* u,                \
                                                   const SampleState* state, int64_t firstValue, int64_t count,                \
                                                   int64_t perNetwork, int positions) {                                        \
    sampleUpdate<T>(x, epsilon, coefficients, given, condition, time, u, state, firstValue, count, perNetwork, positions);     \
  }
DENOISER(bf16, bf16, 8)
DENOISER(f32, float, 4)

#define LAYER_INPUT_BACKWARD(name, T, VECTOR, SKIP)                                                                            \
  extern "C" __global__ void __launch_bounds__(256)                                                                            \
      name(T* du, const T* v, Norm norm, const T* v2, Norm norm2, const T* condition, const T* time, const T* extra,           \
           T* skipGradient, float* dCondition, float* dTime, float* sums, int64_t rows, int channels, int lanes, int first) {  \
    layerInputBackward<T, VECTOR, SKIP>(du, v, norm, v2, norm2, condition, time, extra, skipGradient, dCondition, dTime, sums, \
                                        rows, channels, lanes, first);                                                         \
  }
LAYER_INPUT_BACKWARD(layerInputBackward_bf16, bf16, 4, false)
LAYER_INPUT_BACKWARD(layerInputBackwardSkip_bf16, bf16, 4, true)
LAYER_INPUT_BACKWARD(layerInputBackwardWide_bf16, bf16, 8, false)
LAYER_INPUT_BACKWARD(layerInputBackwardWideSkip_bf16, bf16, 8, true)
LAYER_INPUT_BACKWARD(layerInputBackwardScalar_bf16, bf16, 1, false)
LAYER_INPUT_BACKWARD(layerInputBackwardScalarSkip_bf16, bf16, 1, true)
LAYER_INPUT_BACKWARD(layerInputBackward_f32, float, 4, false)
LAYER_INPUT_BACKWARD(layerInputBackwardSkip_f32, float, 4, true)
LAYER_INPUT_BACKWARD(layerInputBackwardScalar_f32, float, 1, false)
LAYER_INPUT_BACKWARD(layerInputBackwardScalarSkip_f32, float, 1, true)

// Few tiles are summed as they are (f32), many after sumTiles (f64).
#define FINISH_BATCH_NORM(suffix, S)                                                                                           \
  extern "C" __global__ void finishBatchNorm_##suffix(                                                                         \
      const S* partial, int splits, int channels, double count, const float* gamma, const float* beta, float* scale,           \
      float* shift, float* mean, float* inverse, float* runningMean, float* runningVar, float* batchesTracked) {               \
    finishBatchNorm<S>(partial, splits, channels, count, gamma, beta, scale, shift, mean, inverse, runningMean, runningVar,    \
                       batchesTracked);                                                                                        \
  }                                                                                                                            \
  extern "C" __global__ void finishBatchNormBackward_##suffix(const S* partial, int splits, int channels, double count,        \
                                                              float* dGamma, float* dBeta, float* meanA, float* meanB) {       \
    finishBatchNormBackward<S>(partial, splits, channels, count, dGamma, dBeta, meanA, meanB);                                 \
  }
FINISH_BATCH_NORM(f32, float)
FINISH_BATCH_NORM(f64, double)
