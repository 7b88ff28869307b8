// The parts of a Mamba-2 layer around the state space: causal convolution, time steps, gated norm.
// A first layer reads pe[l] + c[b]. Its projection is linear, so it is made once for the L positions and once for each of
// the b conditions; kernels here add the two when they read ("shared": rows 0…L-1 positions, L…L+b-1 conditions). The
// condition counts from position `gate` on: 0, or L - 8 for task-conditioned models.
#include "common.cuh"

struct Rows {
  int length, gate, shared;
};

/** Value c of sequence row (b·L + l). */
template <typename T> __device__ __forceinline__ float readRow(const T* x, int64_t pitch, int64_t row, int c, Rows r) {
  if (!r.shared) return toFloat(x[row * pitch + c]);
  const int l = static_cast<int>(row % r.length);
  const float v = toFloat(x[l * pitch + c]);
  return l >= r.gate ? v + toFloat(x[(r.length + row / r.length) * pitch + c]) : v;
}

/** Values c and c + 1 (c even). */
template <typename T> __device__ __forceinline__ float2 readPair(const T* x, int64_t pitch, int64_t row, int c, Rows r) {
  if (!r.shared) return loadPair(x + row * pitch + c);
  const int l = static_cast<int>(row % r.length);
  float2 v = loadPair(x + l * pitch + c);
  if (l >= r.gate) {
    const float2 w = loadPair(x + (r.length + row / r.length) * pitch + c);
    v.x += w.x, v.y += w.y;
  }
  return v;
}

constexpr int maxTaps = 4;

/**
 * silu(causal depthwise convolution). Shapes: raw x B C columns → out (b·L, channels). A thread has two channels (their number
 * is even) of `segment` positions. Grid (channels/256, segments, b), block 128.
 */
template <typename T>
__device__ void mambaConvolve(const T* raw, int64_t pitch, Rows rows, const float* weight, const float* bias, T* out, int channels, int taps, int segment) {
  const int c = (blockIdx.x * blockDim.x + threadIdx.x) * 2;
  if (c >= channels) return;
  const int first = blockIdx.y * segment, last = min(rows.length, first + segment);
  const int64_t base = static_cast<int64_t>(blockIdx.z) * rows.length;
  float2 w[maxTaps], window[maxTaps];
#pragma unroll
  for (int k = 0; k < maxTaps; k++) {
    // Right-aligned: w[maxTaps - 1] meets the current position whatever the number of taps.
    const int tap = k - (maxTaps - taps);
    w[k] = tap >= 0 ? make_float2(weight[c * taps + tap], weight[(c + 1) * taps + tap]) : make_float2(0.0f, 0.0f);
    const int l = first + k - maxTaps;
    window[k] = l >= 0 ? readPair(raw, pitch, base + l, c, rows) : make_float2(0.0f, 0.0f);
  }
  const float2 b = make_float2(bias[c], bias[c + 1]);
#pragma unroll 4
  for (int l = first; l < last; l++) {
#pragma unroll
    for (int k = 0; k + 1 < maxTaps; k++) window[k] = window[k + 1];
    window[maxTaps - 1] = readPair(raw, pitch, base + l, c, rows);
    float2 v = b;
#pragma unroll
    for (int k = 0; k < maxTaps; k++) v.x += w[k].x * window[k].x, v.y += w[k].y * window[k].y;
    storePair(out + (base + l) * channels + c, siluOf<T>(v.x), siluOf<T>(v.y));
  }
}

/**
 * Gradients of the raw columns, and per segment of the taps and bias. Shapes: dOut (b·L, channels) → dRaw at dPitch;
 * partial (b·segments, taps + 1, channels). Grid (channels/256, segments, b), block 128.
 */
template <typename T>
__device__ void mambaConvolveBackward(const T* raw, int64_t pitch, Rows rows, const float* weight, const float* bias, const T* dOut, T* dRaw,
                                      int64_t dPitch, float* partial, int channels, int taps, int segment) {
  const int c = (blockIdx.x * blockDim.x + threadIdx.x) * 2;
  if (c >= channels) return;
  const int first = blockIdx.y * segment, last = min(rows.length, first + segment);
  const int64_t base = static_cast<int64_t>(blockIdx.z) * rows.length;
  const float2 zero = make_float2(0.0f, 0.0f);
  float2 w[maxTaps], window[maxTaps], dAct[maxTaps], dw[maxTaps], db = zero;
#pragma unroll
  for (int k = 0; k < maxTaps; k++) {
    const int tap = k - (maxTaps - taps);
    w[k] = tap >= 0 ? make_float2(weight[c * taps + tap], weight[(c + 1) * taps + tap]) : zero;
    const int l = first + k - maxTaps;
    window[k] = l >= 0 ? readPair(raw, pitch, base + l, c, rows) : zero;
    dAct[k] = zero, dw[k] = zero;
  }
  const float2 b = make_float2(bias[c], bias[c + 1]);
  // Position l - 3 gets its gradient once the activations' gradients up to l are known.
#pragma unroll 2
  for (int l = first; l < last + maxTaps - 1; l++) {
#pragma unroll
    for (int k = 0; k + 1 < maxTaps; k++) window[k] = window[k + 1], dAct[k] = dAct[k + 1];
    float2 current = zero;
    if (l < rows.length) {
      window[maxTaps - 1] = readPair(raw, pitch, base + l, c, rows);
      current = loadPair(dOut + (base + l) * channels + c);
      float2 v = b;
#pragma unroll
      for (int k = 0; k < maxTaps; k++) v.x += w[k].x * window[k].x, v.y += w[k].y * window[k].y;
      current.x *= siluGradientOf<T>(v.x), current.y *= siluGradientOf<T>(v.y);
      if (l < last) {
        db.x += current.x, db.y += current.y;
#pragma unroll
        for (int k = 0; k < maxTaps; k++) dw[k].x += current.x * window[k].x, dw[k].y += current.y * window[k].y;
      }
    }
    dAct[maxTaps - 1] = current;
    const int to = l - (maxTaps - 1);
    if (to >= first) {
      float2 v = zero;
#pragma unroll
      for (int k = 0; k < maxTaps; k++) v.x += w[maxTaps - 1 - k].x * dAct[k].x, v.y += w[maxTaps - 1 - k].y * dAct[k].y;
      storePair(dRaw + (base + to) * dPitch + c, v.x, v.y);
    }
  }
  float* p = partial + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * (taps + 1) * channels + c;
#pragma unroll
  for (int k = 0; k < maxTaps; k++)
    if (k >= maxTaps - taps) storePair(p + static_cast<int64_t>(k - (maxTaps - taps)) * channels, dw[k].x, dw[k].y);
  storePair(p + static_cast<int64_t>(taps) * channels, db.x, db.y);
}

/** partial (segments, taps + 1, channels) → dWeight (channels, taps), dBias (channels). */
extern "C" __global__ void mambaReduceConvolution(const float* partial, int segments, int taps, int channels, float* dWeight, float* dBias) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= (taps + 1) * channels) return;
  float s = 0.0f;
  for (int k = 0; k < segments; k++) s += partial[static_cast<int64_t>(k) * (taps + 1) * channels + i];
  const int tap = i / channels, c = i % channels;
  if (tap < taps) dWeight[c * taps + tap] = s;
  else dBias[c] = s;
}

/**
 * dt = softplus(raw + dt_bias) and its decay, the cumulative sum of A·dt inside each chunk, A = -exp(A_log). Past the end dt is 0.
 * Shapes: raw dt columns → dt, decay (b, chunks, nHeads, Q) float32. Q = 32 or 64. Grid (nHeads/8, chunks, b), block (32, 8).
 */
template <typename T>
__device__ void mambaDecay(const T* raw, int64_t pitch, Rows rows, const float* dtBias, const float* aLog, float* dt, float* decay, int nHeads,
                           int chunkSize) {
  const int lane = threadIdx.x, h = blockIdx.x * 8 + threadIdx.y;
  if (h >= nHeads) return;
  const float a = -expf(aLog[h]), bias = dtBias[h];
  const int64_t base = static_cast<int64_t>(blockIdx.z) * rows.length;
  const int64_t at = ((static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * nHeads + h) * chunkSize;
  float carry = 0.0f;
  for (int i = lane; i < chunkSize; i += 32) {
    const int l = blockIdx.y * chunkSize + i;
    const float d = l < rows.length ? softplusf(readRow(raw, pitch, base + l, h, rows) + bias) : 0.0f;
    float v = a * d;
#pragma unroll
    for (int offset = 1; offset < 32; offset <<= 1) {
      const float up = __shfl_up_sync(0xffffffffu, v, offset);
      if (lane >= offset) v += up;
    }
    v += carry;
    dt[at + i] = d;
    decay[at + i] = v;
    carry = __shfl_sync(0xffffffffu, v, 31);
  }
}

/** ddt → d raw, in place in float32 (its column sums are d dt_bias) and as T in the raw columns. */
template <typename T>
__device__ void mambaTimeStepBackward(const T* raw, int64_t pitch, Rows rows, const float* dtBias, float* ddt, T* dRaw, int64_t dPitch,
                                      int64_t count, int nHeads) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int h = static_cast<int>(i % nHeads);
  const int64_t row = i / nHeads;
  const float v = ddt[i] * sigmoidOf<T>(readRow(raw, pitch, row, h, rows) + dtBias[h]);
  ddt[i] = v;
  dRaw[row * dPitch + h] = fromFloat<T>(v);
}

/**
 * out = rmsNorm(y·silu(z))·weight for chosen rows. `chosen` (gridDim.x) names sequence rows, or null for all; y is indexed by
 * sequence row, z by sequence row when shared and by place otherwise; out and inverseRms by place. Grid (rows), block 256.
 */
template <typename T>
__device__ void gateNorm(const T* y, const T* z, int64_t zPitch, Rows rows, const int* chosen, const float* weight, T* out, float* inverseRms,
                         int width) {
  constexpr int V = Lanes<T>::vector;
  __shared__ float scratch[33];
  const int64_t place = blockIdx.x, row = chosen != nullptr ? chosen[place] : place;
  const int l = static_cast<int>(row % rows.length);
  const T* zr = z + (rows.shared ? l : place) * zPitch;
  const T* zc = rows.shared && l >= rows.gate ? z + (rows.length + row / rows.length) * zPitch : nullptr;
  const T* yr = y + row * width;
  float sum = 0.0f;
  for (int c = threadIdx.x * V; c < width; c += blockDim.x * V) {
    float yv[V], zv[V], cv[V];
    loadVector(yr + c, yv), loadVector(zr + c, zv);
    if (zc != nullptr) loadVector(zc + c, cv);
#pragma unroll
    for (int e = 0; e < V; e++) {
      const float g = yv[e] * siluOf<T>(zc != nullptr ? zv[e] + cv[e] : zv[e]);
      sum += g * g;
    }
  }
  const float r = rsqrtf(blockSum(sum, scratch) / width + 1e-5f);
  if (threadIdx.x == 0) inverseRms[place] = r;
  for (int c = threadIdx.x * V; c < width; c += blockDim.x * V) {
    float yv[V], zv[V], cv[V];
    loadVector(yr + c, yv), loadVector(zr + c, zv);
    if (zc != nullptr) loadVector(zc + c, cv);
#pragma unroll
    for (int e = 0; e < V; e++) yv[e] = yv[e] * siluOf<T>(zc != nullptr ? zv[e] + cv[e] : zv[e]) * r * weight[c + e];
    storeVector(out + place * width + c, yv);
  }
}

/** Gradients of y (by sequence row; rows not chosen are left alone) and z (by sequence row when shared, else by place). */
template <typename T>
__device__ void gateNormBackward(const T* dOut, const T* y, const T* z, int64_t zPitch, Rows rows, const int* chosen, const float* weight,
                                 const float* inverseRms, T* dy, T* dz, int64_t dzPitch, int width) {
  constexpr int V = Lanes<T>::vector;
  __shared__ float scratch[33];
  const int64_t place = blockIdx.x, row = chosen != nullptr ? chosen[place] : place;
  const int l = static_cast<int>(row % rows.length);
  const T* zr = z + (rows.shared ? l : place) * zPitch;
  const T* zc = rows.shared && l >= rows.gate ? z + (rows.length + row / rows.length) * zPitch : nullptr;
  const T* yr = y + row * width;
  const T* dr = dOut + place * width;
  const float r = inverseRms[place];
  float dot = 0.0f;
  for (int c = threadIdx.x * V; c < width; c += blockDim.x * V) {
    float yv[V], zv[V], cv[V], dv[V];
    loadVector(yr + c, yv), loadVector(zr + c, zv), loadVector(dr + c, dv);
    if (zc != nullptr) loadVector(zc + c, cv);
#pragma unroll
    for (int e = 0; e < V; e++) dot += dv[e] * weight[c + e] * yv[e] * siluOf<T>(zc != nullptr ? zv[e] + cv[e] : zv[e]) * r;
  }
  const float mean = blockSum(dot, scratch) / width;
  for (int c = threadIdx.x * V; c < width; c += blockDim.x * V) {
    float yv[V], zv[V], cv[V], dv[V];
    loadVector(yr + c, yv), loadVector(zr + c, zv), loadVector(dr + c, dv);
    if (zc != nullptr) loadVector(zc + c, cv);
#pragma unroll
    for (int e = 0; e < V; e++) {
      const float zz = zc != nullptr ? zv[e] + cv[e] : zv[e];
      const float s = sigmoidOf<T>(zz), gate = zz * s;
      const float dg = r * (dv[e] * weight[c + e] - yv[e] * gate * r * mean);
      zv[e] = dg * yv[e] * s * (1.0f + zz * (1.0f - s));
      yv[e] = dg * gate;
    }
    storeVector(dy + row * width + c, yv);
    storeVector(dz + (rows.shared ? row : place) * dzPitch + c, zv);
  }
}

/** partial (gridDim.y, width) of d norm.weight = Σ dOut·y·silu(z)/rms; width is even. Grid (width/256, splits), block 128. */
template <typename T>
__device__ void gateNormWeightGradient(const T* dOut, const T* y, const T* z, int64_t zPitch, Rows rows, const int* chosen,
                                       const float* inverseRms, float* partial, int count, int width) {
  const int c = (blockIdx.x * blockDim.x + threadIdx.x) * 2;
  if (c >= width) return;
  const int first = static_cast<int>(static_cast<int64_t>(count) * blockIdx.y / gridDim.y);
  const int last = static_cast<int>(static_cast<int64_t>(count) * (blockIdx.y + 1) / gridDim.y);
  float2 sum = make_float2(0.0f, 0.0f);
#pragma unroll 4
  for (int place = first; place < last; place++) {
    const int64_t row = chosen != nullptr ? chosen[place] : place;
    const float2 zz = readPair(z, zPitch, rows.shared ? row : place, c, rows);
    const float2 d = loadPair(dOut + static_cast<int64_t>(place) * width + c), v = loadPair(y + row * width + c);
    const float r = inverseRms[place];
    sum.x += d.x * v.x * siluOf<T>(zz.x) * r;
    sum.y += d.y * v.y * siluOf<T>(zz.y) * r;
  }
  storePair(partial + static_cast<int64_t>(blockIdx.y) * width + c, sum.x, sum.y);
}

/** Gradient of the shared rows from (b, L, width): row l = Σ_b; row L + b = Σ_{l ≥ gate}; width is even. Grid (width/256, rows), block 128. */
template <typename T>
__device__ void reduceShared(const T* in, int64_t pitch, T* out, int64_t outPitch, Rows rows, int batch, int width, int firstRow) {
  const int c = (blockIdx.x * blockDim.x + threadIdx.x) * 2, r = firstRow + blockIdx.y;
  if (c >= width) return;
  if ((pitch | outPitch) & 1) {
    // Rows that are not aligned for pairs (other models' odd widths).
    for (int e = 0; e < 2 && c + e < width; e++) {
      float s = 0.0f;
      const int64_t first = r < rows.length ? r : static_cast<int64_t>(r - rows.length) * rows.length + rows.gate;
      const int count = r < rows.length ? batch : rows.length - rows.gate;
      for (int k = 0; k < count; k++) s += toFloat(in[(first + static_cast<int64_t>(k) * (r < rows.length ? rows.length : 1)) * pitch + c + e]);
      out[r * outPitch + c + e] = fromFloat<T>(s);
    }
    return;
  }
  float2 sum = make_float2(0.0f, 0.0f);
  if (r < rows.length) {
#pragma unroll 8
    for (int b = 0; b < batch; b++) {
      const float2 v = loadPair(in + (static_cast<int64_t>(b) * rows.length + r) * pitch + c);
      sum.x += v.x, sum.y += v.y;
    }
  } else {
    const int64_t base = static_cast<int64_t>(r - rows.length) * rows.length;
#pragma unroll 16
    for (int l = rows.gate; l < rows.length; l++) {
      const float2 v = loadPair(in + (base + l) * pitch + c);
      sum.x += v.x, sum.y += v.y;
    }
  }
  // An odd width (dInner + … + nHeads) leaves half a pair at the end: the row's padding takes it.
  storePair(out + r * outPitch + c, sum.x, sum.y);
}

#define MAMBA(suffix, T)                                                                                                        \
  extern "C" __global__ void mambaConvolve_##suffix(const T* raw, int64_t pitch, Rows rows, const float* weight,                \
                                                    const float* bias, T* out, int channels, int taps, int segment) {           \
    mambaConvolve<T>(raw, pitch, rows, weight, bias, out, channels, taps, segment);                                             \
  }                                                                                                                             \
  extern "C" __global__ void mambaConvolveBackward_##suffix(const T* raw, int64_t pitch, Rows rows, const float* weight,        \
                                                            const float* bias, const T* dOut, T* dRaw, int64_t dPitch,          \
                                                            float* partial, int channels, int taps, int segment) {              \
    mambaConvolveBackward<T>(raw, pitch, rows, weight, bias, dOut, dRaw, dPitch, partial, channels, taps, segment);             \
  }                                                                                                                             \
  extern "C" __global__ void mambaDecay_##suffix(const T* raw, int64_t pitch, Rows rows, const float* dtBias,                   \
                                                 const float* aLog, float* dt, float* decay, int nHeads, int chunkSize) {       \
    mambaDecay<T>(raw, pitch, rows, dtBias, aLog, dt, decay, nHeads, chunkSize);                                                \
  }                                                                                                                             \
  extern "C" __global__ void mambaTimeStepBackward_##suffix(const T* raw, int64_t pitch, Rows rows, const float* dtBias,        \
                                                            float* ddt, T* dRaw, int64_t dPitch, int64_t count, int nHeads) {   \
    mambaTimeStepBackward<T>(raw, pitch, rows, dtBias, ddt, dRaw, dPitch, count, nHeads);                                       \
  }                                                                                                                             \
  extern "C" __global__ void gateNorm_##suffix(const T* y, const T* z, int64_t zPitch, Rows rows, const int* chosen,            \
                                               const float* weight, T* out, float* inverseRms, int width) {                     \
    gateNorm<T>(y, z, zPitch, rows, chosen, weight, out, inverseRms, width);                                                    \
  }                                                                                                                             \
  extern "C" __global__ void gateNormBackward_##suffix(const T* dOut, const T* y, const T* z, int64_t zPitch, Rows rows,        \
                                                       const int* chosen, const float* weight, const float* inverseRms, T* dy,  \
                                                       T* dz, int64_t dzPitch, int width) {                                     \
    gateNormBackward<T>(dOut, y, z, zPitch, rows, chosen, weight, inverseRms, dy, dz, dzPitch, width);                          \
  }                                                                                                                             \
  extern "C" __global__ void gateNormWeightGradient_##suffix(const T* dOut, const T* y, const T* z, int64_t zPitch, Rows rows,  \
                                                             const int* chosen, const float* inverseRms, float* partial,        \
                                                             int count, int width) {                                            \
    gateNormWeightGradient<T>(dOut, y, z, zPitch, rows, chosen, inverseRms, partial, count, width);                             \
  }                                                                                                                             \
  extern "C" __global__ void reduceShared_##suffix(const T* in, int64_t pitch, T* out, int64_t outPitch, Rows rows, int batch,  \
                                                   int width, int firstRow) {                                                   \
    reduceShared<T>(in, pitch, out, outPitch, rows, batch, width, firstRow);                                                    \
  }
MAMBA(bf16, bf16)
MAMBA(f32, float)
