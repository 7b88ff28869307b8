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

constexpr int maxTaps = 4, forwardSegment = 32, backwardSegment = 64;

/** silu(causal depthwise convolution). Shapes: raw x B C columns → out (b·L, channels). Grid (channels/128, segments, b), block 128. */
template <typename T>
__device__ void mambaConvolve(const T* raw, int64_t pitch, Rows rows, const float* weight, const float* bias, T* out, int channels, int taps) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  const int first = blockIdx.y * forwardSegment, last = min(rows.length, first + forwardSegment);
  const int64_t base = static_cast<int64_t>(blockIdx.z) * rows.length;
  float w[maxTaps], window[maxTaps];
#pragma unroll
  for (int k = 0; k < maxTaps; k++) {
    // Right-aligned: w[maxTaps - 1] meets the current position whatever the number of taps.
    w[k] = k >= maxTaps - taps ? weight[c * taps + k - (maxTaps - taps)] : 0.0f;
    const int l = first + k - maxTaps;
    window[k] = l >= 0 ? readRow(raw, pitch, base + l, c, rows) : 0.0f;
  }
  const float b = bias[c];
  for (int l = first; l < last; l++) {
#pragma unroll
    for (int k = 0; k + 1 < maxTaps; k++) window[k] = window[k + 1];
    window[maxTaps - 1] = readRow(raw, pitch, base + l, c, rows);
    float v = b;
#pragma unroll
    for (int k = 0; k < maxTaps; k++) v += w[k] * window[k];
    out[(base + l) * channels + c] = fromFloat<T>(siluf(v));
  }
}

/**
 * Gradients of the raw columns, and per segment of the taps and bias. Shapes: dOut (b·L, channels) → dRaw at dPitch;
 * partial (b·segments, taps + 1, channels). Grid (channels/128, segments, b), block 128.
 */
template <typename T>
__device__ void mambaConvolveBackward(const T* raw, int64_t pitch, Rows rows, const float* weight, const float* bias, const T* dOut, T* dRaw,
                                      int64_t dPitch, float* partial, int channels, int taps) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= channels) return;
  const int first = blockIdx.y * backwardSegment, last = min(rows.length, first + backwardSegment);
  const int64_t base = static_cast<int64_t>(blockIdx.z) * rows.length;
  float w[maxTaps], window[maxTaps], dAct[maxTaps], dw[maxTaps], db = 0.0f;
#pragma unroll
  for (int k = 0; k < maxTaps; k++) {
    w[k] = k >= maxTaps - taps ? weight[c * taps + k - (maxTaps - taps)] : 0.0f;
    const int l = first + k - maxTaps;
    window[k] = l >= 0 ? readRow(raw, pitch, base + l, c, rows) : 0.0f;
    dAct[k] = 0.0f, dw[k] = 0.0f;
  }
  const float b = bias[c];
  // Position l - 3 gets its gradient once the activations' gradients up to l are known.
  for (int l = first; l < last + maxTaps - 1; l++) {
#pragma unroll
    for (int k = 0; k + 1 < maxTaps; k++) window[k] = window[k + 1], dAct[k] = dAct[k + 1];
    float current = 0.0f;
    if (l < rows.length) {
      window[maxTaps - 1] = readRow(raw, pitch, base + l, c, rows);
      float v = b;
#pragma unroll
      for (int k = 0; k < maxTaps; k++) v += w[k] * window[k];
      current = toFloat(dOut[(base + l) * channels + c]) * siluGradient(v);
      if (l < last) {
        db += current;
#pragma unroll
        for (int k = 0; k < maxTaps; k++) dw[k] += current * window[k];
      }
    }
    dAct[maxTaps - 1] = current;
    const int to = l - (maxTaps - 1);
    if (to >= first) {
      float v = 0.0f;
#pragma unroll
      for (int k = 0; k < maxTaps; k++) v += w[maxTaps - 1 - k] * dAct[k];
      dRaw[(base + to) * dPitch + c] = fromFloat<T>(v);
    }
  }
  float* p = partial + (static_cast<int64_t>(blockIdx.z) * gridDim.y + blockIdx.y) * (taps + 1) * channels + c;
#pragma unroll
  for (int k = 0; k < maxTaps; k++)
    if (k >= maxTaps - taps) p[static_cast<int64_t>(k - (maxTaps - taps)) * channels] = dw[k];
  p[static_cast<int64_t>(taps) * channels] = db;
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

/** dt = softplus(raw + dt_bias). Shapes: raw dt columns → dt (b·L, nHeads) float32. */
template <typename T>
__device__ void mambaTimeStep(const T* raw, int64_t pitch, Rows rows, const float* dtBias, float* dt, int64_t count, int nHeads) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int h = static_cast<int>(i % nHeads);
  dt[i] = softplusf(readRow(raw, pitch, i / nHeads, h, rows) + dtBias[h]);
}

/** ddt → d raw, in place in float32 (its column sums are d dt_bias) and as T in the raw columns. */
template <typename T>
__device__ void mambaTimeStepBackward(const T* raw, int64_t pitch, Rows rows, const float* dtBias, float* ddt, T* dRaw, int64_t dPitch,
                                      int64_t count, int nHeads) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int h = static_cast<int>(i % nHeads);
  const int64_t row = i / nHeads;
  const float v = ddt[i] * sigmoidf(readRow(raw, pitch, row, h, rows) + dtBias[h]);
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
      const float g = yv[e] * siluf(zc != nullptr ? zv[e] + cv[e] : zv[e]);
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
    for (int e = 0; e < V; e++) yv[e] = yv[e] * siluf(zc != nullptr ? zv[e] + cv[e] : zv[e]) * r * weight[c + e];
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
    for (int e = 0; e < V; e++) dot += dv[e] * weight[c + e] * yv[e] * siluf(zc != nullptr ? zv[e] + cv[e] : zv[e]) * r;
  }
  const float mean = blockSum(dot, scratch) / width;
  for (int c = threadIdx.x * V; c < width; c += blockDim.x * V) {
    float yv[V], zv[V], cv[V], dv[V];
    loadVector(yr + c, yv), loadVector(zr + c, zv), loadVector(dr + c, dv);
    if (zc != nullptr) loadVector(zc + c, cv);
#pragma unroll
    for (int e = 0; e < V; e++) {
      const float zz = zc != nullptr ? zv[e] + cv[e] : zv[e];
      const float s = sigmoidf(zz), gate = zz * s;
      const float dg = r * (dv[e] * weight[c + e] - yv[e] * gate * r * mean);
      zv[e] = dg * yv[e] * s * (1.0f + zz * (1.0f - s));
      yv[e] = dg * gate;
    }
    storeVector(dy + row * width + c, yv);
    storeVector(dz + (rows.shared ? row : place) * dzPitch + c, zv);
  }
}

/** partial (gridDim.y, width) of d norm.weight = Σ dOut·y·silu(z)/rms. Grid (width/128, splits), block 128. */
template <typename T>
__device__ void gateNormWeightGradient(const T* dOut, const T* y, const T* z, int64_t zPitch, Rows rows, const int* chosen,
                                       const float* inverseRms, float* partial, int count, int width) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x;
  if (c >= width) return;
  const int first = static_cast<int>(static_cast<int64_t>(count) * blockIdx.y / gridDim.y);
  const int last = static_cast<int>(static_cast<int64_t>(count) * (blockIdx.y + 1) / gridDim.y);
  float sum = 0.0f;
#pragma unroll 4
  for (int place = first; place < last; place++) {
    const int64_t row = chosen != nullptr ? chosen[place] : place;
    const float zz = readRow(z, zPitch, rows.shared ? row : place, c, rows);
    sum += toFloat(dOut[static_cast<int64_t>(place) * width + c]) * toFloat(y[row * width + c]) * siluf(zz) * inverseRms[place];
  }
  partial[static_cast<int64_t>(blockIdx.y) * width + c] = sum;
}

/** Gradient of the shared rows from (b, L, width): row l = Σ_b; row L + b = Σ_{l ≥ gate}. Grid (width/128, L + b), block 128. */
template <typename T>
__device__ void reduceShared(const T* in, int64_t pitch, T* out, int64_t outPitch, Rows rows, int batch, int width, int firstRow) {
  const int c = blockIdx.x * blockDim.x + threadIdx.x, r = firstRow + blockIdx.y;
  if (c >= width) return;
  float sum = 0.0f;
  if (r < rows.length) {
    for (int b = 0; b < batch; b++) sum += toFloat(in[(static_cast<int64_t>(b) * rows.length + r) * pitch + c]);
  } else {
    const int64_t base = static_cast<int64_t>(r - rows.length) * rows.length;
#pragma unroll 8
    for (int l = rows.gate; l < rows.length; l++) sum += toFloat(in[(base + l) * pitch + c]);
  }
  out[r * outPitch + c] = fromFloat<T>(sum);
}

#define MAMBA(suffix, T)                                                                                                        \
  extern "C" __global__ void mambaConvolve_##suffix(const T* raw, int64_t pitch, Rows rows, const float* weight,                \
                                                    const float* bias, T* out, int channels, int taps) {                        \
    mambaConvolve<T>(raw, pitch, rows, weight, bias, out, channels, taps);                                                      \
  }                                                                                                                             \
  extern "C" __global__ void mambaConvolveBackward_##suffix(const T* raw, int64_t pitch, Rows rows, const float* weight,        \
                                                            const float* bias, const T* dOut, T* dRaw, int64_t dPitch,          \
                                                            float* partial, int channels, int taps) {                           \
    mambaConvolveBackward<T>(raw, pitch, rows, weight, bias, dOut, dRaw, dPitch, partial, channels, taps);                      \
  }                                                                                                                             \
  extern "C" __global__ void mambaTimeStep_##suffix(const T* raw, int64_t pitch, Rows rows, const float* dtBias, float* dt,     \
                                                    int64_t count, int nHeads) {                                                \
    mambaTimeStep<T>(raw, pitch, rows, dtBias, dt, count, nHeads);                                                              \
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
