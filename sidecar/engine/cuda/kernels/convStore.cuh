// The end of a convolution, shared by its two kernels: outputs lie in shared memory as (positions, channels) and leave as
// 16-byte stores.
#pragma once
#include "common.cuh"

/**
 * What happens to an output value. raw: + bias, batch-norm partial sums. hidden (sampling, batch norm folded into the
 * weights): ELU, then the next layer's input u = (elu(v) + condition)·time, or elu(v)·time + skip. last: float32 output.
 */
enum ConvMode { convRaw = 0, convHidden = 1, convLast = 2 };

/** Where a tile goes. All pointers are of the tile's first position and channel; rows of output and skip are `out` apart. */
template <typename T> struct Destination {
  T* output;
  int out, mode;
  const T *condition, *time, *skip;
};

/** rows × width of the tile, by `threads` threads of which this is number `thread`. ELU was applied before staging. */
template <typename T>
__device__ __forceinline__ void storeStaged(const T* staged, int pitch, int rows, int width, const Destination<T>& to, int thread, int threads) {
  constexpr int V = Lanes<T>::vector;
  if (to.out % V == 0 && width % V == 0) {
    const int perRow = width / V;
    for (int i = thread; i < rows * perRow; i += threads) {
      const int r = i / perRow, c = (i % perRow) * V;
      const int64_t at = static_cast<int64_t>(r) * to.out + c;
      if (to.mode == convRaw) {
        *reinterpret_cast<uint4*>(to.output + at) = *reinterpret_cast<const uint4*>(staged + r * pitch + c);
        continue;
      }
      float v[V], s[V];
      loadVector(staged + r * pitch + c, v);
      const float tm = toFloat(to.time[r]);
      if (to.skip != nullptr) {
        loadVector(to.skip + at, s);
#pragma unroll
        for (int e = 0; e < V; e++) v[e] = v[e] * tm + s[e];
      } else {
        const float cd = toFloat(to.condition[r]);
#pragma unroll
        for (int e = 0; e < V; e++) v[e] = (v[e] + cd) * tm;
      }
      storeVector(to.output + at, v);
    }
  } else {
    for (int i = thread; i < rows * width; i += threads) {
      const int r = i / width, c = i % width;
      const int64_t at = static_cast<int64_t>(r) * to.out + c;
      float v = toFloat(staged[r * pitch + c]);
      if (to.mode == convHidden)
        v = to.skip != nullptr ? v * toFloat(to.time[r]) + toFloat(to.skip[at]) : (v + toFloat(to.condition[r])) * toFloat(to.time[r]);
      to.output[at] = fromFloat<T>(v);
    }
  }
}
