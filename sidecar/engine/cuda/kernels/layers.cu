// Small layers between the matrix products: inputs, biases, activations, norms, softmax, the LSTM cell, row gathers.
// All are bound by memory or launch time and kept plain; sums have a fixed order.
#include "common.cuh"

/**
 * The recurrent model's input. Row l < L: pe[l]; row L + b: the condition of sequence b = condition row + permutation state.
 * condition (b or 1, width) with stride 0 for one row for all; permutation (·, width), states (b), or null.
 */
template <typename T>
__device__ void sharedInput(const float* pe, const float* condition, int conditionStride, const float* permutation, const int* states, T* out,
                            int length, int batch, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= static_cast<int64_t>(length + batch) * width) return;
  const int row = static_cast<int>(i / width), c = static_cast<int>(i % width);
  float v;
  if (row < length) {
    v = pe[i];
  } else {
    v = condition != nullptr ? condition[static_cast<int64_t>(row - length) * conditionStride + c] : 0.0f;
    if (permutation != nullptr) v += permutation[static_cast<int64_t>(states[row - length]) * width + c];
  }
  out[i] = fromFloat<T>(v);
}

/** The same for models that need every row: out (b·L, width) = pe[l] + condition[b] from position `gate` on. */
template <typename T> __device__ void spreadInput(const T* shared, T* out, int length, int gate, int batch, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= static_cast<int64_t>(batch) * length * width) return;
  const int64_t row = i / width;
  const int c = static_cast<int>(i % width), l = static_cast<int>(row % length);
  float v = toFloat(shared[static_cast<int64_t>(l) * width + c]);
  if (l >= gate) v += toFloat(shared[(length + row / length) * width + c]);
  out[i] = fromFloat<T>(v);
}

/** Gradients of the condition rows dShared[L + b]: their sum (a bias), and per permutation state. Deterministic: a thread a column. */
template <typename T>
__device__ void conditionGradient(const T* dShared, const int* states, float* dBias, float* dPermutation, int length, int batch, int width,
                                  int nPermutation) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  if (dPermutation != nullptr)
    for (int s = 0; s < nPermutation; s++) dPermutation[static_cast<int64_t>(s) * width + c] = 0.0f;
  float sum = 0.0f;
  for (int b = 0; b < batch; b++) {
    const float v = toFloat(dShared[static_cast<int64_t>(length + b) * width + c]);
    sum += v;
    if (dPermutation != nullptr) dPermutation[static_cast<int64_t>(states[b]) * width + c] += v;
  }
  if (dBias != nullptr) dBias[c] = sum;
}

/** x + bias (+ activation) per row. activation: 0 none, 1 silu, 2 gelu (exact). `before` gets x + bias, or null. */
__device__ __forceinline__ float geluf(float x) { return 0.5f * x * (1.0f + erff(x * 0.70710678118654752f)); }
__device__ __forceinline__ float geluGradient(float x) {
  return 0.5f * (1.0f + erff(x * 0.70710678118654752f)) + x * 0.39894228040143268f * expf(-0.5f * x * x);
}
template <typename T>
__device__ void addBias(const T* x, const float* bias, T* out, T* before, int64_t count, int width, int activation) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float v = toFloat(x[i]) + bias[i % width];
  if (before != nullptr) before[i] = fromFloat<T>(v);
  out[i] = fromFloat<T>(activation == 1 ? siluOf<T>(v) : activation == 2 ? geluf(v) : v);
}
template <typename T> __device__ void activationBackward(T* gradient, const T* before, int64_t count, int activation) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float x = toFloat(before[i]);
  gradient[i] = fromFloat<T>(toFloat(gradient[i]) * (activation == 1 ? siluGradientOf<T>(x) : geluGradient(x)));
}

/** partial (gridDim.y, width) column sums of (rows, width) at pitch. Grid (width/32, splits), block (32, 16). */
template <typename T> __device__ void columnSums(const T* in, int64_t pitch, float* partial, int rows, int width) {
  __shared__ float shared[16][32];
  const int c = blockIdx.x * 32 + threadIdx.x;
  const int first = static_cast<int>(static_cast<int64_t>(rows) * blockIdx.y / gridDim.y);
  const int last = static_cast<int>(static_cast<int64_t>(rows) * (blockIdx.y + 1) / gridDim.y);
  float s = 0.0f;
  if (c < width)
#pragma unroll 4
    for (int r = first + threadIdx.y; r < last; r += 16) s += toFloat(in[r * pitch + c]);
  shared[threadIdx.y][threadIdx.x] = s;
  __syncthreads();
  if (threadIdx.y == 0 && c < width) {
#pragma unroll
    for (int k = 1; k < 16; k++) s += shared[k][threadIdx.x];
    partial[static_cast<int64_t>(blockIdx.y) * width + c] = s;
  }
}
extern "C" __global__ void sumPartials(const float* partial, int splits, int64_t width, float* out, float* alsoOut) {
  const int64_t c = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (c >= width) return;
  float s = 0.0f;
  for (int k = 0; k < splits; k++) s += partial[k * width + c];
  out[c] = s;
  if (alsoOut != nullptr) alsoOut[c] = s;
}

/** out[i] = in[chosen[i]]; scatter the other way, adding or setting. Shapes: (n, width) ↔ (·, width). */
template <typename T> __device__ void gatherRows(const T* in, const int* chosen, T* out, int64_t count, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  out[i] = in[chosen[i / width] * static_cast<int64_t>(width) + i % width];
}
template <typename T> __device__ void scatterRows(const T* in, const int* chosen, T* out, int64_t count, int width, int add) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  T* to = out + chosen[i / width] * static_cast<int64_t>(width) + i % width;
  *to = add ? fromFloat<T>(toFloat(*to) + toFloat(in[i])) : in[i];
}
template <typename T> __device__ void addArrays(const T* a, const T* b, T* out, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = fromFloat<T>(toFloat(a[i]) + toFloat(b[i]));
}
template <typename T> __device__ void convert(const float* in, T* out, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = fromFloat<T>(in[i]);
}
template <typename T> __device__ void widen(const T* in, float* out, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = toFloat(in[i]);
}

/** Layer norm, eps 1e-5; statistics (rows, 2) = mean, inverse deviation. Grid (rows), block 256. */
template <typename T>
__device__ void layerNorm(const T* x, const float* weight, const float* bias, T* out, float* statistics, int width) {
  __shared__ float scratch[33];
  const T* row = x + static_cast<int64_t>(blockIdx.x) * width;
  float s = 0.0f;
  for (int c = threadIdx.x; c < width; c += blockDim.x) s += toFloat(row[c]);
  const float mean = blockSum(s, scratch) / width;
  float q = 0.0f;
  for (int c = threadIdx.x; c < width; c += blockDim.x) {
    const float d = toFloat(row[c]) - mean;
    q += d * d;
  }
  const float inverse = rsqrtf(blockSum(q, scratch) / width + 1e-5f);
  for (int c = threadIdx.x; c < width; c += blockDim.x)
    out[static_cast<int64_t>(blockIdx.x) * width + c] = fromFloat<T>((toFloat(row[c]) - mean) * inverse * weight[c] + bias[c]);
  if (threadIdx.x == 0) statistics[blockIdx.x * 2] = mean, statistics[blockIdx.x * 2 + 1] = inverse;
}
/** dx; with `add`, added to what is there (a residual connection). */
template <typename T>
__device__ void layerNormBackward(const T* dOut, const T* x, const float* weight, const float* statistics, T* dx, int width, int add) {
  __shared__ float scratch[33];
  const int64_t base = static_cast<int64_t>(blockIdx.x) * width;
  const float mean = statistics[blockIdx.x * 2], inverse = statistics[blockIdx.x * 2 + 1];
  float s = 0.0f, q = 0.0f;
  for (int c = threadIdx.x; c < width; c += blockDim.x) {
    const float g = toFloat(dOut[base + c]) * weight[c];
    s += g, q += g * (toFloat(x[base + c]) - mean) * inverse;
  }
  s = blockSum(s, scratch) / width;
  q = blockSum(q, scratch) / width;
  for (int c = threadIdx.x; c < width; c += blockDim.x) {
    const float normalised = (toFloat(x[base + c]) - mean) * inverse;
    const float v = inverse * (toFloat(dOut[base + c]) * weight[c] - s - normalised * q);
    dx[base + c] = fromFloat<T>(add ? toFloat(dx[base + c]) + v : v);
  }
}
/** partial (gridDim.y, 2, width): d weight, d bias. */
template <typename T>
__device__ void layerNormWeightGradient(const T* dOut, const T* x, const float* statistics, float* partial, int rows, int width) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  const int first = static_cast<int>(static_cast<int64_t>(rows) * blockIdx.y / gridDim.y);
  const int last = static_cast<int>(static_cast<int64_t>(rows) * (blockIdx.y + 1) / gridDim.y);
  float dw = 0.0f, db = 0.0f;
  for (int r = first; r < last; r++) {
    const float g = toFloat(dOut[static_cast<int64_t>(r) * width + c]);
    dw += g * (toFloat(x[static_cast<int64_t>(r) * width + c]) - statistics[r * 2]) * statistics[r * 2 + 1];
    db += g;
  }
  partial[static_cast<int64_t>(blockIdx.y) * 2 * width + c] = dw;
  partial[(static_cast<int64_t>(blockIdx.y) * 2 + 1) * width + c] = db;
}

/** Columns for a convolution along positions: out (b·positions, channels, taps) = in (b, positions + tap - taps/2, channels), 0 outside. */
template <typename T> __device__ void unfold(const T* in, T* out, int64_t count, int positions, int channels, int taps) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int tap = static_cast<int>(i % taps), c = static_cast<int>(i / taps % channels);
  const int64_t row = i / taps / channels;
  const int from = static_cast<int>(row % positions) + tap - taps / 2;
  out[i] = from >= 0 && from < positions ? in[(row + tap - taps / 2) * channels + c] : fromFloat<T>(0.0f);
}
/** The transpose of unfold: out (b·positions, channels) = Σ of the columns that read it. */
template <typename T> __device__ void fold(const T* columns, T* out, int64_t count, int positions, int channels, int taps) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int c = static_cast<int>(i % channels);
  const int64_t row = i / channels;
  const int position = static_cast<int>(row % positions);
  float s = 0.0f;
  for (int tap = 0; tap < taps; tap++) {
    const int reader = position - tap + taps / 2;
    if (reader >= 0 && reader < positions) s += toFloat(columns[((row - tap + taps / 2) * channels + c) * taps + tap]);
  }
  out[i] = fromFloat<T>(s);
}
/** A condition for every token: out (b·L, width) = pe[l] + condition (b, width, L); and its transpose, without pe. */
template <typename T> __device__ void addTokenCondition(const float* pe, const T* condition, T* out, int64_t count, int length, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int c = static_cast<int>(i % width), l = static_cast<int>(i / width % length);
  const int64_t b = i / width / length;
  out[i] = fromFloat<T>(pe[static_cast<int64_t>(l) * width + c] + toFloat(condition[(b * width + c) * length + l]));
}
template <typename T> __device__ void tokenConditionGradient(const T* dOut, T* dCondition, int64_t count, int length, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int l = static_cast<int>(i % length), c = static_cast<int>(i / length % width);
  const int64_t b = i / length / width;
  dCondition[i] = dOut[(b * length + l) * width + c];
}
/** out (count) = in (width) again and again. */
extern "C" __global__ void repeatVector(const float* in, float* out, int64_t count, int width) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = in[i % width];
}

/** Softmax of every row, in place; and back: ds = p·(dp - Σ p·dp), into dp. Grid (rows), block 256. */
template <typename T> __device__ void softmax(T* x, int width) {
  __shared__ float scratch[33];
  T* row = x + static_cast<int64_t>(blockIdx.x) * width;
  float m = -INFINITY;
  for (int c = threadIdx.x; c < width; c += blockDim.x) m = fmaxf(m, toFloat(row[c]));
  m = blockMax(m, scratch);
  float s = 0.0f;
  for (int c = threadIdx.x; c < width; c += blockDim.x) s += expf(toFloat(row[c]) - m);
  s = blockSum(s, scratch);
  for (int c = threadIdx.x; c < width; c += blockDim.x) row[c] = fromFloat<T>(expf(toFloat(row[c]) - m) / s);
}
template <typename T> __device__ void softmaxBackward(const T* p, T* dp, int width) {
  __shared__ float scratch[33];
  const int64_t base = static_cast<int64_t>(blockIdx.x) * width;
  float s = 0.0f;
  for (int c = threadIdx.x; c < width; c += blockDim.x) s += toFloat(p[base + c]) * toFloat(dp[base + c]);
  s = blockSum(s, scratch);
  for (int c = threadIdx.x; c < width; c += blockDim.x) dp[base + c] = fromFloat<T>(toFloat(p[base + c]) * (toFloat(dp[base + c]) - s));
}

/** Gated MLP: out = a·sigmoid(b); back: da, db from d out, over a and b's own places in (da, db). */
template <typename T> __device__ void gateMultiply(const T* a, const T* b, T* out, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) out[i] = fromFloat<T>(toFloat(a[i]) * sigmoidOf<T>(toFloat(b[i])));
}
template <typename T> __device__ void gateMultiplyBackward(const T* dOut, const T* a, const T* b, T* da, T* db, int64_t count) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const float g = toFloat(dOut[i]), av = toFloat(a[i]), s = sigmoidOf<T>(toFloat(b[i]));
  da[i] = fromFloat<T>(g * s);
  db[i] = fromFloat<T>(g * av * s * (1.0f - s));
}

/**
 * One position of an LSTM layer, gates i f g o. gates (b, L, 4·width): sums in, activations out. cell (b, L, width) float32,
 * hidden (b, L, width). biasA + biasB are added here.
 */
template <typename T>
__device__ void lstmCell(T* gates, const float* biasA, const float* biasB, float* cell, T* hidden, int length, int position, int batch, int width) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= batch * width) return;
  const int b = i / width, c = i % width;
  const int64_t row = static_cast<int64_t>(b) * length + position;
  T* g = gates + row * 4 * width;
  float v[4];
#pragma unroll
  for (int k = 0; k < 4; k++) v[k] = toFloat(g[k * width + c]) + biasA[k * width + c] + biasB[k * width + c];
  const float in = sigmoidOf<T>(v[0]), forget = sigmoidOf<T>(v[1]), candidate = tanhf(v[2]), output = sigmoidOf<T>(v[3]);
  const float before = position > 0 ? cell[(row - 1) * width + c] : 0.0f;
  const float now = forget * before + in * candidate;
  cell[row * width + c] = now;
  hidden[row * width + c] = fromFloat<T>(output * tanhf(now));
  g[c] = fromFloat<T>(in), g[width + c] = fromFloat<T>(forget), g[2 * width + c] = fromFloat<T>(candidate), g[3 * width + c] = fromFloat<T>(output);
}
/** Back through one position: gates' activations → gradients of their sums. dRecurrent (b, width), dCell (b, width) float32 carried. */
template <typename T>
__device__ void lstmCellBackward(T* gates, const float* cell, const T* dHidden, const T* dRecurrent, float* dCell, int length, int position,
                                 int batch, int width) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= batch * width) return;
  const int b = i / width, c = i % width;
  const int64_t row = static_cast<int64_t>(b) * length + position;
  T* g = gates + row * 4 * width;
  const float in = toFloat(g[c]), forget = toFloat(g[width + c]), candidate = toFloat(g[2 * width + c]), output = toFloat(g[3 * width + c]);
  const bool last = position == length - 1;
  const float dh = toFloat(dHidden[row * width + c]) + (last ? 0.0f : toFloat(dRecurrent[i]));
  const float th = tanhf(cell[row * width + c]);
  const float dc = dh * output * (1.0f - th * th) + (last ? 0.0f : dCell[i]);
  const float before = position > 0 ? cell[(row - 1) * width + c] : 0.0f;
  dCell[i] = dc * forget;
  g[c] = fromFloat<T>(dc * candidate * in * (1.0f - in));
  g[width + c] = fromFloat<T>(dc * before * forget * (1.0f - forget));
  g[2 * width + c] = fromFloat<T>(dc * in * (1.0f - candidate * candidate));
  g[3 * width + c] = fromFloat<T>(dh * th * output * (1.0f - output));
}

#define LAYERS(suffix, T)                                                                                                        \
  extern "C" __global__ void sharedInput_##suffix(const float* pe, const float* condition, int conditionStride,                  \
                                                  const float* permutation, const int* states, T* out, int length, int batch,    \
                                                  int width) {                                                                   \
    sharedInput<T>(pe, condition, conditionStride, permutation, states, out, length, batch, width);                              \
  }                                                                                                                              \
  extern "C" __global__ void spreadInput_##suffix(const T* shared, T* out, int length, int gate, int batch, int width) {         \
    spreadInput<T>(shared, out, length, gate, batch, width);                                                                     \
  }                                                                                                                              \
  extern "C" __global__ void conditionGradient_##suffix(const T* dShared, const int* states, float* dBias, float* dPermutation,  \
                                                        int length, int batch, int width, int nPermutation) {                    \
    conditionGradient<T>(dShared, states, dBias, dPermutation, length, batch, width, nPermutation);                              \
  }                                                                                                                              \
  extern "C" __global__ void addBias_##suffix(const T* x, const float* bias, T* out, T* before, int64_t count, int width,        \
                                              int activation) {                                                                  \
    addBias<T>(x, bias, out, before, count, width, activation);                                                                  \
  }                                                                                                                              \
  extern "C" __global__ void activationBackward_##suffix(T* gradient, const T* before, int64_t count, int activation) {          \
    activationBackward<T>(gradient, before, count, activation);                                                                  \
  }                                                                                                                              \
  extern "C" __global__ void columnSums_##suffix(const T* in, int64_t pitch, float* partial, int rows, int width) {              \
    columnSums<T>(in, pitch, partial, rows, width);                                                                              \
  }                                                                                                                              \
  extern "C" __global__ void gatherRows_##suffix(const T* in, const int* chosen, T* out, int64_t count, int width) {             \
    gatherRows<T>(in, chosen, out, count, width);                                                                                \
  }                                                                                                                              \
  extern "C" __global__ void scatterRows_##suffix(const T* in, const int* chosen, T* out, int64_t count, int width, int add) {   \
    scatterRows<T>(in, chosen, out, count, width, add);                                                                          \
  }                                                                                                                              \
  extern "C" __global__ void addArrays_##suffix(const T* a, const T* b, T* out, int64_t count) { addArrays<T>(a, b, out, count); } \
  extern "C" __global__ void convert_##suffix(const float* in, T* out, int64_t count) { convert<T>(in, out, count); }            \
  extern "C" __global__ void widen_##suffix(const T* in, float* out, int64_t count) { widen<T>(in, out, count); }                \
  extern "C" __global__ void layerNorm_##suffix(const T* x, const float* weight, const float* bias, T* out, float* statistics,   \
                                                int width) {                                                                     \
    layerNorm<T>(x, weight, bias, out, statistics, width);                                                                       \
  }                                                                                                                              \
  extern "C" __global__ void layerNormBackward_##suffix(const T* dOut, const T* x, const float* weight, const float* statistics, \
                                                        T* dx, int width, int add) {                                             \
    layerNormBackward<T>(dOut, x, weight, statistics, dx, width, add);                                                           \
  }                                                                                                                              \
  extern "C" __global__ void layerNormWeightGradient_##suffix(const T* dOut, const T* x, const float* statistics,                \
                                                              float* partial, int rows, int width) {                             \
    layerNormWeightGradient<T>(dOut, x, statistics, partial, rows, width);                                                       \
  }                                                                                                                              \
  extern "C" __global__ void unfold_##suffix(const T* in, T* out, int64_t count, int positions, int channels, int taps) {        \
    unfold<T>(in, out, count, positions, channels, taps);                                                                        \
  }                                                                                                                              \
  extern "C" __global__ void fold_##suffix(const T* columns, T* out, int64_t count, int positions, int channels, int taps) {     \
    fold<T>(columns, out, count, positions, channels, taps);                                                                     \
  }                                                                                                                              \
  extern "C" __global__ void addTokenCondition_##suffix(const float* pe, const T* condition, T* out, int64_t count, int length,  \
                                                        int width) {                                                             \
    addTokenCondition<T>(pe, condition, out, count, length, width);                                                              \
  }                                                                                                                              \
  extern "C" __global__ void tokenConditionGradient_##suffix(const T* dOut, T* dCondition, int64_t count, int length, int width) { \
    tokenConditionGradient<T>(dOut, dCondition, count, length, width);                                                           \
  }                                                                                                                              \
  extern "C" __global__ void softmax_##suffix(T* x, int width) { softmax<T>(x, width); }                                         \
  extern "C" __global__ void softmaxBackward_##suffix(const T* p, T* dp, int width) { softmaxBackward<T>(p, dp, width); }        \
  extern "C" __global__ void gateMultiply_##suffix(const T* a, const T* b, T* out, int64_t count) {                              \
    gateMultiply<T>(a, b, out, count);                                                                                           \
  }                                                                                                                              \
  extern "C" __global__ void gateMultiplyBackward_##suffix(const T* dOut, const T* a, const T* b, T* da, T* db, int64_t count) { \
    gateMultiplyBackward<T>(dOut, a, b, da, db, count);                                                                          \
  }                                                                                                                              \
  extern "C" __global__ void lstmCell_##suffix(T* gates, const float* biasA, const float* biasB, float* cell, T* hidden,         \
                                               int length, int position, int batch, int width) {                                 \
    lstmCell<T>(gates, biasA, biasB, cell, hidden, length, position, batch, width);                                              \
  }                                                                                                                              \
  extern "C" __global__ void lstmCellBackward_##suffix(T* gates, const float* cell, const T* dHidden, const T* dRecurrent,       \
                                                       float* dCell, int length, int position, int batch, int width) {           \
    lstmCellBackward<T>(gates, cell, dHidden, dRecurrent, dCell, length, position, batch, width);                                \
  }
LAYERS(bf16, bf16)
LAYERS(f32, float)
