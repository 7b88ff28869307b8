// C = A·B (+ C) for when cuBLASLt is missing or has no algorithm for a shape: plain tiles of 64 × 64, any strides. Its own
// purpose is to be right for every shape, not to be fast; README.md has its times.
#include "common.cuh"

/**
 * Shapes: A (m, k) at a[i·aRow + l·aColumn], B (k, n) at b[l·bRow + j·bColumn], C (m, n) row-major at pitch c. beta 0 or 1.
 * Grid (n/64, m/64, batch), block 128.
 */
template <typename T, typename O>
__device__ void matmul(const T* a, int64_t aRow, int64_t aColumn, int64_t aBatch, const T* b, int64_t bRow, int64_t bColumn, int64_t bBatch, O* c,
                       int64_t cRow, int64_t cBatch, int m, int n, int k, int beta) {
  constexpr int depth = 32, pitch = depth + Lanes<T>::pad;
  __shared__ __align__(16) T aTile[64 * pitch];
  __shared__ __align__(16) T bTile[64 * pitch];
  a += blockIdx.z * aBatch, b += blockIdx.z * bBatch, c += blockIdx.z * cBatch;
  const int m0 = blockIdx.y * 64, n0 = blockIdx.x * 64, warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wm = warp & 1, wn = warp >> 1;
  float acc[2][4][4];
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[i][j][e] = 0.0f;
  for (int k0 = 0; k0 < k; k0 += depth) {
    for (int i = threadIdx.x; i < 64 * depth; i += 128) {
      // The index that is contiguous in memory runs fastest over threads.
      const int ar = aColumn == 1 ? i / depth : i % 64, ak = aColumn == 1 ? i % depth : i / 64;
      aTile[ar * pitch + ak] = m0 + ar < m && k0 + ak < k ? a[(m0 + ar) * aRow + (k0 + ak) * aColumn] : fromFloat<T>(0.0f);
      const int br = bRow == 1 ? i / depth : i % 64, bk = bRow == 1 ? i % depth : i / 64;
      bTile[br * pitch + bk] = n0 + br < n && k0 + bk < k ? b[(k0 + bk) * bRow + (n0 + br) * bColumn] : fromFloat<T>(0.0f);
    }
    __syncthreads();
    warpTile<2, 4, false, false>(acc, aTile + wm * 32 * pitch, pitch, bTile + wn * 32 * pitch, pitch, depth);
    __syncthreads();
  }
#pragma unroll
  for (int i = 0; i < 2; i++)
#pragma unroll
    for (int j = 0; j < 4; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) {
        const int r = m0 + wm * 32 + i * 16 + (lane >> 2) + (e >> 1) * 8, s = n0 + wn * 32 + j * 8 + (lane & 3) * 2 + (e & 1);
        if (r < m && s < n) {
          O* to = c + r * cRow + s;
          *to = fromFloat<O>(beta ? acc[i][j][e] + toFloat(*to) : acc[i][j][e]);
        }
      }
}

#define MATMUL(name, T, O)                                                                                                    \
  extern "C" __global__ void __launch_bounds__(128)                                                                           \
      name(const T* a, int64_t aRow, int64_t aColumn, int64_t aBatch, const T* b, int64_t bRow, int64_t bColumn,              \
           int64_t bBatch, O* c, int64_t cRow, int64_t cBatch, int m, int n, int k, int beta) {                               \
    matmul<T, O>(a, aRow, aColumn, aBatch, b, bRow, bColumn, bBatch, c, cRow, cBatch, m, n, k, beta);                         \
  }
MATMUL(matmul_f32_f32, float, float)
MATMUL(matmul_bf16_bf16, bf16, bf16)
MATMUL(matmul_bf16_f32, bf16, float)
