// Mamba-2's selective state space in chunks ("state space duality"): within a chunk of Q positions the recurrence is a
// masked matrix product, between chunks a state (64, dState) per head is handed on.
//   y_i = Σ_{j≤i} (C_i·B_j) e^{s_i - s_j} dt_j x_j + e^{s_i} S·C_i + D x_i,   s = cumulative sum of A·dt in the chunk
//   S ← e^{s_last} S + Σ_j e^{s_last - s_j} dt_j x_j ⊗ B_j,                   A = -exp(A_log)
// The backward kernel forms the row and column sums of d(e^{s_i - s_j}) themselves, not differences of large sums, so that
// bfloat16 operands do not spoil d dt. Sums over heads and chunks have a fixed order: no atomics.
// Source: T. Dao, A. Gu, "Transformers are SSMs", arXiv 2405.21060, sections 6 and 7.
#include "common.cuh"

constexpr int headDim = 64;

/** Positions of a chunk: 64 for tensor cores; 32 in float32, so that all tiles fit 99 KiB of shared memory. */
template <typename T> struct Chunk { static constexpr int size = 64; };
template <> struct Chunk<float> { static constexpr int size = 32; };

/**
 * rows × width of T on their way into shared memory; rows ≥ valid and columns ≥ columns become zero. Complete after copyWait and
 * a barrier (what cannot be copied 16 bytes at a time is stored at once).
 */
template <typename T>
__device__ __forceinline__ void loadRows(T* tile, int pitch, const T* from, int64_t stride, int rows, int width, int valid, int columns) {
  constexpr int V = Lanes<T>::vector;
  const bool vectors = columns % V == 0 && stride % V == 0 && (reinterpret_cast<uintptr_t>(from) & 15) == 0;
  if (vectors) {
    const int perRow = width / V;
    for (int i = threadIdx.x; i < rows * perRow; i += blockDim.x) {
      const int r = i / perRow, c = (i % perRow) * V;
      const bool live = r < valid && c < columns;
      copyAsync(tile + r * pitch + c, from + (live ? r * stride + c : 0), live);
    }
  } else {
    for (int i = threadIdx.x; i < rows * width; i += blockDim.x) {
      const int r = i / width, c = i % width;
      tile[r * pitch + c] = r < valid && c < columns ? from[r * stride + c] : fromFloat<T>(0.0f);
    }
  }
}

/**
 * Four neighbouring 8-column blocks of one accumulator row (h 0, or 1: eight rows below) to `to`, the row's first column of them.
 * All lanes call it; `live` says whether the row exists, `vectors` whether its address allows 16 bytes.
 */
__device__ __forceinline__ void storeFour(float* to, const float (*acc)[4], int h, bool live, bool) {
  if (live)
#pragma unroll
    for (int j = 0; j < 4; j++) storePair(to + j * 8 + (threadIdx.x & 3) * 2, acc[j][2 * h], acc[j][2 * h + 1]);
}
__device__ __forceinline__ void storeFour(bf16* to, const float (*acc)[4], int h, bool live, bool vectors) {
  if (vectors) {
    const uint4 v = quadTranspose(packBf16(acc[0][2 * h], acc[0][2 * h + 1]), packBf16(acc[1][2 * h], acc[1][2 * h + 1]),
                                  packBf16(acc[2][2 * h], acc[2][2 * h + 1]), packBf16(acc[3][2 * h], acc[3][2 * h + 1]));
    if (live) *reinterpret_cast<uint4*>(to + (threadIdx.x & 3) * 8) = v;
  } else if (live) {
#pragma unroll
    for (int j = 0; j < 4; j++) storePair(to + j * 8 + (threadIdx.x & 3) * 2, acc[j][2 * h], acc[j][2 * h + 1]);
  }
}

/** Q consecutive float32 values of dt and of the decay into shared memory, asynchronously. */
template <int Q> __device__ __forceinline__ void loadDecay(float* dtChunk, float* s, const float* dt, const float* decay, int64_t at) {
  const int i = threadIdx.x * 4;
  if (i < Q) copyAsync(dtChunk + i, dt + at + i, true);
  else if (i < 2 * Q) copyAsync(s + i - Q, decay + at + i - Q, true);
}

/**
 * The state before each chunk. Forward: rows = x, factors = B, weights e^{s_last - s_j} dt_j. Reverse (gradient of the state
 * after each chunk): rows = dy, factors = C, weights e^{s_i}, chunks from last to first.
 * Shapes: rows (b, L, ·) at rowStride, factors (b, L, ·) at factorStride, dt and decay (b, chunks, nHeads, Q),
 * states (b, chunks, nHeads, 64, dState). Grid (nHeads/2, b), block 256: two heads share the factors, four warps each. The next
 * chunk travels while this one is multiplied.
 */
template <typename T, int N>
__device__ void ssdStates(const T* rows, int64_t rowStride, const T* factors, int64_t factorStride, const float* dt, const float* decay,
                          T* states, int length, int nHeads, int dState, int reverse) {
  constexpr int Q = Chunk<T>::size, P = headDim, pp = P + Lanes<T>::pad, pn = N + Lanes<T>::pad, NT = N / 8, V = Lanes<T>::vector;
  extern __shared__ __align__(16) unsigned char sharedBytes[];
  T* tiles = reinterpret_cast<T*>(sharedBytes);  // two of: (Q, P) of either head, (Q, N)
  constexpr int stage = Q * (2 * pp + pn);
  __shared__ __align__(16) float dtChunk[2][2][Q], s[2][2][Q];
  const int batch = blockIdx.y, mine = threadIdx.x >> 7, thread = threadIdx.x & 127, warp = thread >> 5, lane = threadIdx.x & 31;
  const int firstHead = blockIdx.x * 2, head = firstHead + mine, heads = min(2, nHeads - firstHead);
  const int chunks = (length + Q - 1) / Q;
  auto load = [&](int step, int k) {
    const int chunk = reverse ? chunks - 1 - step : step, l0 = chunk * Q, valid = min(Q, length - l0);
    const int64_t row = static_cast<int64_t>(batch) * length + l0;
    T* to = tiles + k * stage;
    const int i = thread * 4;
    const int64_t at = ((static_cast<int64_t>(batch) * chunks + chunk) * nHeads + min(head, nHeads - 1)) * Q;
    if (i < Q) copyAsync(dtChunk[k][mine] + i, dt + at + i, true);
    else if (i < 2 * Q) copyAsync(s[k][mine] + i - Q, decay + at + i - Q, true);
    for (int h = 0; h < 2; h++)
      loadRows(to + h * Q * pp, pp, rows + row * rowStride + (firstHead + min(h, heads - 1)) * P, rowStride, Q, P, valid, P);
    loadRows(to + 2 * Q * pp, pn, factors + row * factorStride, factorStride, Q, N, valid, dState);
    copyCommit();
  };
  float acc[1][NT][4];
#pragma unroll
  for (int j = 0; j < NT; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) acc[0][j][e] = 0.0f;
  load(0, 0);
  for (int step = 0; step < chunks; step++) {
    const int k = step & 1, chunk = reverse ? chunks - 1 - step : step;
    if (step + 1 < chunks) load(step + 1, k ^ 1);
    T* to = states + ((static_cast<int64_t>(batch) * chunks + chunk) * nHeads + head) * P * dState;
    if (dState == N) {
#pragma unroll
      for (int h = 0; h < 2; h++)
#pragma unroll
        for (int j = 0; j < NT; j += 4)
          storeFour(to + (warp * 16 + (lane >> 2) + h * 8) * dState + j * 8, acc[0] + j, h, mine < heads, true);
    } else if (mine < heads) {
#pragma unroll
      for (int j = 0; j < NT; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) {
          const int p = warp * 16 + (lane >> 2) + (e >> 1) * 8, n = j * 8 + (lane & 3) * 2 + (e & 1);
          if (n < dState) to[p * dState + n] = fromFloat<T>(acc[0][j][e]);
        }
    }
    if (step + 1 < chunks) copyWait<1>();
    else copyWait<0>();
    __syncthreads();
    T* rowTile = tiles + k * stage + mine * Q * pp;
    const T* factorTile = tiles + k * stage + 2 * Q * pp;
    const float sLast = s[k][mine][Q - 1];
    for (int i = thread; i < Q * (P / V); i += 128) {
      const int r = i / (P / V);
      T* at = rowTile + r * pp + (i % (P / V)) * V;
      const float w = reverse ? expOf<T>(s[k][mine][r]) : expOf<T>(sLast - s[k][mine][r]) * dtChunk[k][mine][r];
      float v[V];
      loadVector(at, v);
#pragma unroll
      for (int e = 0; e < V; e++) v[e] *= w;
      storeVector(at, v);
    }
    __syncthreads();
    const float decayed = expOf<T>(sLast);
#pragma unroll
    for (int j = 0; j < NT; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[0][j][e] *= decayed;
    warpTile<1, NT, true, true>(acc, rowTile + warp * 16, pp, factorTile, pn, Q);
    __syncthreads();
  }
}

/**
 * y of every position. Shapes: x, B, C columns of xc (b, L, ·) at stride; y (b, L, nHeads·64).
 * Grid (ceil(nHeads / headsPerBlock), chunks, b), block 128.
 */
template <typename T, int N>
__device__ void ssdOutput(const T* x, const T* bMatrix, const T* cMatrix, int64_t stride, const float* dt, const float* decay,
                          const float* skip, const T* states, T* y, int length, int nHeads, int dState, int headsPerBlock) {
  constexpr int Q = Chunk<T>::size, P = headDim, WR = Q / 16, WC = 4 / WR;
  constexpr int pp = P + Lanes<T>::pad, pn = N + Lanes<T>::pad, pq = Q + Lanes<T>::pad, NQ = Q / 8 / WC, NP = P / 8 / WC;
  extern __shared__ __align__(16) unsigned char sharedBytes[];
  T* cTile = reinterpret_cast<T*>(sharedBytes);  // (Q, N)
  T* stateTile = cTile + Q * pn;                 // (64, N); first B
  T* xTile = stateTile + P * pn;                 // (Q, P)
  T* mTile = xTile + Q * pp;                     // (Q, Q)
  __shared__ __align__(16) float dtChunk[Q], s[Q];
  const int chunk = blockIdx.y, batch = blockIdx.z, warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wr = warp % WR, wc = warp / WR;
  const int chunks = gridDim.y, l0 = chunk * Q, valid = min(Q, length - l0);
  const int64_t row = static_cast<int64_t>(batch) * length + l0;
  loadRows(cTile, pn, cMatrix + row * stride, stride, Q, N, valid, dState);
  loadRows(stateTile, pn, bMatrix + row * stride, stride, Q, N, valid, dState);
  copyCommit();
  copyWait<0>();
  __syncthreads();
  float cb[1][NQ][4];
#pragma unroll
  for (int j = 0; j < NQ; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) cb[0][j][e] = 0.0f;
  warpTile<1, NQ, false, false>(cb, cTile + wr * 16 * pn, pn, stateTile + wc * NQ * 8 * pn, pn, N);

  const int firstHead = blockIdx.x * headsPerBlock, lastHead = min(nHeads, firstHead + headsPerBlock);
  for (int head = firstHead; head < lastHead; head++) {
    const float d = skip[head];
    __syncthreads();
    loadDecay<Q>(dtChunk, s, dt, decay, ((static_cast<int64_t>(batch) * chunks + chunk) * nHeads + head) * Q);
    loadRows(xTile, pp, x + row * stride + head * P, stride, Q, P, valid, P);
    const T* state = states + ((static_cast<int64_t>(batch) * chunks + chunk) * nHeads + head) * P * dState;
    loadRows(stateTile, pn, state, dState, P, N, P, dState);
    copyCommit();
    copyWait<0>();
    __syncthreads();
#pragma unroll
    for (int j = 0; j < NQ; j++)
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int i = wr * 16 + (lane >> 2) + h * 8, k = (wc * NQ + j) * 8 + (lane & 3) * 2;
        const float m0 = k <= i ? cb[0][j][2 * h] * expOf<T>(s[i] - s[k]) * dtChunk[k] : 0.0f;
        const float m1 = k + 1 <= i ? cb[0][j][2 * h + 1] * expOf<T>(s[i] - s[k + 1]) * dtChunk[k + 1] : 0.0f;
        storePair(mTile + i * pq + k, m0, m1);
      }
    float acc[1][NP][4];
#pragma unroll
    for (int j = 0; j < NP; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) acc[0][j][e] = 0.0f;
    warpTile<1, NP, false, false>(acc, cTile + wr * 16 * pn, pn, stateTile + wc * NP * 8 * pn, pn, N);
    const float e0 = expOf<T>(s[wr * 16 + (lane >> 2)]), e1 = expOf<T>(s[wr * 16 + (lane >> 2) + 8]);
#pragma unroll
    for (int j = 0; j < NP; j++) acc[0][j][0] *= e0, acc[0][j][1] *= e0, acc[0][j][2] *= e1, acc[0][j][3] *= e1;
    __syncthreads();
    warpTile<1, NP, false, true>(acc, mTile + wr * 16 * pq, pq, xTile + wc * NP * 8, pp, Q);
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int i = wr * 16 + (lane >> 2) + h * 8;
#pragma unroll
      for (int j = 0; j < NP; j++) {
        const float2 xv = loadPair(xTile + i * pp + (wc * NP + j) * 8 + (lane & 3) * 2);
        acc[0][j][2 * h] += d * xv.x, acc[0][j][2 * h + 1] += d * xv.y;
      }
#pragma unroll
      for (int j = 0; j < NP; j += 4)
        storeFour(y + (row + i) * static_cast<int64_t>(nHeads) * P + head * P + (wc * NP + j) * 8, acc[0] + j, h, i < valid, true);
    }
  }
}

/**
 * Everything's gradient, given the states before the chunk and the gradients of the states after it.
 * Shapes: dy (b, L, nHeads·64); dx → dxc's x columns; ddt (b, L, nHeads); partialB, partialC (groups, b·L, dState) float32,
 * one per group of heads; partialA, partialD (b·chunks, nHeads). Grid (groups, chunks, b), block 256,
 * two blocks a multiprocessor: one multiplies while the other waits at its barriers.
 */
template <typename T, int N>
__device__ void ssdBackward(const T* x, const T* bMatrix, const T* cMatrix, int64_t stride, const float* dt, const float* decay, const float* aLog,
                            const float* skip, const T* states, const T* stateGradients, const T* dy, T* dx, int64_t dxStride, float* ddt,
                            float* partialB, float* partialC, float* partialA, float* partialD, int length, int nHeads, int dState,
                            int headsPerBlock) {
  constexpr int Q = Chunk<T>::size, P = headDim, WR = Q / 16, WC = 8 / WR;
  constexpr int pp = P + Lanes<T>::pad, pn = N + Lanes<T>::pad, pq = Q + Lanes<T>::pad;
  constexpr int NQ = Q / 8 / WC, NP = P / 8 / WC, NN = N / 8 / WC;
  extern __shared__ __align__(16) unsigned char sharedBytes[];
  T* cTile = reinterpret_cast<T*>(sharedBytes);  // (Q, N)
  T* bTile = cTile + Q * pn;                     // (Q, N)
  T* mTile = bTile + Q * pn;                     // (Q, Q)
  T* dcbTile = mTile + Q * pq;                   // (Q, Q)
  // Per head: x and dy (Q, P), and (64, N) the state before, then the gradient of the state after.
  T* xTile = dcbTile + Q * pq;
  T* dyTile = xTile + Q * pp;
  T* stateTile = dyTile + Q * pp;
  __shared__ __align__(16) float dtChunk[Q], s[Q];
  // Row and column sums, one slot per warp that shares a row (WC) or a column (WR).
  __shared__ float rowG[WC][Q], rowV[WC][Q], rowR[WC][Q], columnK[WR][Q], scratch[33];
  const int chunk = blockIdx.y, batch = blockIdx.z, warp = threadIdx.x >> 5, lane = threadIdx.x & 31, wr = warp % WR, wc = warp / WR;
  const int r0 = lane >> 2, c0 = (lane & 3) * 2;
  const int chunks = gridDim.y, l0 = chunk * Q, valid = min(Q, length - l0);
  const int64_t row = static_cast<int64_t>(batch) * length + l0;
  loadRows(cTile, pn, cMatrix + row * stride, stride, Q, N, valid, dState);
  loadRows(bTile, pn, bMatrix + row * stride, stride, Q, N, valid, dState);
  copyCommit();
  copyWait<0>();
  __syncthreads();
  float cb[1][NQ][4], dC[1][NN][4], dB[1][NN][4];
#pragma unroll
  for (int e = 0; e < 4; e++) {
#pragma unroll
    for (int j = 0; j < NQ; j++) cb[0][j][e] = 0.0f;
#pragma unroll
    for (int j = 0; j < NN; j++) dC[0][j][e] = 0.0f, dB[0][j][e] = 0.0f;
  }
  warpTile<1, NQ, false, false>(cb, cTile + wr * 16 * pn, pn, bTile + wc * NQ * 8 * pn, pn, N);

  const int firstHead = blockIdx.x * headsPerBlock, lastHead = min(nHeads, firstHead + headsPerBlock);
  for (int head = firstHead; head < lastHead; head++) {
    const float a = -expf(aLog[head]), d = skip[head];
    const int64_t perHead = (static_cast<int64_t>(batch) * chunks + chunk) * nHeads + head, stateAt = perHead * P * dState;
    __syncthreads();
    loadDecay<Q>(dtChunk, s, dt, decay, perHead * Q);
    loadRows(xTile, pp, x + row * stride + head * P, stride, Q, P, valid, P);
    loadRows(dyTile, pp, dy + row * static_cast<int64_t>(nHeads) * P + head * P, static_cast<int64_t>(nHeads) * P, Q, P, valid, P);
    loadRows(stateTile, pn, states + stateAt, dState, P, N, P, dState);
    copyCommit();
    copyWait<0>();
    __syncthreads();
    const float sLast = s[Q - 1];

    // dM_ij = dy_i·x_j; from it M, dCB and the sums that make d s and d dt.
    float dm[1][NQ][4];
#pragma unroll
    for (int j = 0; j < NQ; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) dm[0][j][e] = 0.0f;
    warpTile<1, NQ, false, false>(dm, dyTile + wr * 16 * pp, pp, xTile + wc * NQ * 8 * pp, pp, P);
    float g[2] = {0.0f, 0.0f};
#pragma unroll
    for (int j = 0; j < NQ; j++) {
      float column[2] = {0.0f, 0.0f};
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int i = wr * 16 + r0 + h * 8, k0 = (wc * NQ + j) * 8 + c0;
        float m[2], dcb[2];
#pragma unroll
        for (int e = 0; e < 2; e++) {
          const int k = k0 + e;
          const float decay = k <= i ? expOf<T>(s[i] - s[k]) : 0.0f;
          const float cbDecay = cb[0][j][2 * h + e] * decay, grad = dm[0][j][2 * h + e];
          m[e] = cbDecay * dtChunk[k];
          dcb[e] = grad * decay * dtChunk[k];
          g[h] += grad * m[e];
          column[e] += grad * cbDecay;
        }
        storePair(mTile + i * pq + k0, m[0], m[1]);
        storePair(dcbTile + i * pq + k0, dcb[0], dcb[1]);
      }
#pragma unroll
      for (int e = 0; e < 2; e++) {
#pragma unroll
        for (int offset = 4; offset < 32; offset <<= 1) column[e] += __shfl_xor_sync(0xffffffffu, column[e], offset);
        if (r0 == 0) columnK[wr][(wc * NQ + j) * 8 + c0 + e] = column[e];
      }
    }
    // The part of dC that reads the state: e^{s_i} dy_i·S, and with C_i the gradient of s_i through it.
    float v[2] = {0.0f, 0.0f};
    {
      float t[1][NN][4];
#pragma unroll
      for (int j = 0; j < NN; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) t[0][j][e] = 0.0f;
      warpTile<1, NN, false, true>(t, dyTile + wr * 16 * pp, pp, stateTile + wc * NN * 8, pn, P);
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int i = wr * 16 + r0 + h * 8;
        const float es = expOf<T>(s[i]);
#pragma unroll
        for (int j = 0; j < NN; j++)
#pragma unroll
          for (int e = 0; e < 2; e++) {
            const float value = es * t[0][j][2 * h + e];
            dC[0][j][2 * h + e] += value;
            v[h] += value * toFloat(cTile[i * pn + (wc * NN + j) * 8 + c0 + e]);
          }
      }
    }
#pragma unroll
    for (int h = 0; h < 2; h++) {
#pragma unroll
      for (int offset = 1; offset < 4; offset <<= 1) {
        g[h] += __shfl_xor_sync(0xffffffffu, g[h], offset);
        v[h] += __shfl_xor_sync(0xffffffffu, v[h], offset);
      }
      if ((lane & 3) == 0) rowG[wc][wr * 16 + r0 + h * 8] = g[h], rowV[wc][wr * 16 + r0 + h * 8] = v[h];
    }
    __syncthreads();
    warpTile<1, NN, false, true>(dC, dcbTile + wr * 16 * pq, pq, bTile + wc * NN * 8, pn, Q);
    warpTile<1, NN, true, true>(dB, dcbTile + wr * 16, pq, cTile + wc * NN * 8, pn, Q);

    // The state tile now turns into the gradient of the state after the chunk; their product is what s_last gets.
    float product = 0.0f;
    constexpr int V = Lanes<T>::vector;
    if (dState == N) {
      for (int i = threadIdx.x; i < P * (N / V); i += 256) {
        T* at = stateTile + (i / (N / V)) * pn + (i % (N / V)) * V;
        float u[V], w[V];
        loadVector(stateGradients + stateAt + i * V, w), loadVector(at, u);
#pragma unroll
        for (int e = 0; e < V; e++) product += u[e] * w[e];
        storeVector(at, w);
      }
    } else {
      for (int i = threadIdx.x; i < P * N; i += 256) {
        const int p = i / N, n = i % N;
        const T gradient = n < dState ? stateGradients[stateAt + p * dState + n] : fromFloat<T>(0.0f);
        T* at = stateTile + p * pn + n;
        product += toFloat(*at) * toFloat(gradient);
        *at = gradient;
      }
    }
    product = blockSum(product, scratch);  // also the barrier before the tile is read
    float gradient[1][NP][4];
#pragma unroll
    for (int j = 0; j < NP; j++)
#pragma unroll
      for (int e = 0; e < 4; e++) gradient[0][j][e] = 0.0f;
    warpTile<1, NP, false, false>(gradient, bTile + wr * 16 * pn, pn, stateTile + wc * NP * 8 * pn, pn, N);
    float r[2] = {0.0f, 0.0f}, dD = 0.0f;
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int i = wr * 16 + r0 + h * 8;
      const float w = expOf<T>(sLast - s[i]) * dtChunk[i];
#pragma unroll
      for (int j = 0; j < NP; j++)
#pragma unroll
        for (int e = 0; e < 2; e++) {
          const int p = (wc * NP + j) * 8 + c0 + e;
          const float xv = toFloat(xTile[i * pp + p]), dyv = toFloat(dyTile[i * pp + p]);
          r[h] += xv * gradient[0][j][2 * h + e];
          dD += xv * dyv;
          gradient[0][j][2 * h + e] = w * gradient[0][j][2 * h + e] + d * dyv;
        }
#pragma unroll
      for (int offset = 1; offset < 4; offset <<= 1) r[h] += __shfl_xor_sync(0xffffffffu, r[h], offset);
      if ((lane & 3) == 0) rowR[wc][i] = r[h];
    }
    warpTile<1, NP, true, true>(gradient, mTile + wr * 16, pq, dyTile + wc * NP * 8, pp, Q);
#pragma unroll
    for (int h = 0; h < 2; h++) {
      const int i = wr * 16 + r0 + h * 8;
      if constexpr (NP % 4 == 0) {
#pragma unroll
        for (int j = 0; j < NP; j += 4)
          storeFour(dx + (row + i) * dxStride + head * P + (wc * NP + j) * 8, gradient[0] + j, h, i < valid, dxStride % Lanes<T>::vector == 0);
      } else if (i < valid) {
#pragma unroll
        for (int j = 0; j < NP; j++)
          storePair(dx + (row + i) * dxStride + head * P + (wc * NP + j) * 8 + c0, gradient[0][j][2 * h], gradient[0][j][2 * h + 1]);
      }
    }
    {
      float t[1][NN][4];
#pragma unroll
      for (int j = 0; j < NN; j++)
#pragma unroll
        for (int e = 0; e < 4; e++) t[0][j][e] = 0.0f;
      warpTile<1, NN, false, true>(t, xTile + wr * 16 * pp, pp, stateTile + wc * NN * 8, pn, P);
#pragma unroll
      for (int h = 0; h < 2; h++) {
        const int i = wr * 16 + r0 + h * 8;
        const float w = expOf<T>(sLast - s[i]) * dtChunk[i];
#pragma unroll
        for (int j = 0; j < NN; j++) dB[0][j][2 * h] += w * t[0][j][2 * h], dB[0][j][2 * h + 1] += w * t[0][j][2 * h + 1];
      }
    }
    dD = blockSum(dD, scratch);  // also the barrier before rowR is read
    // d s per position, then its sum from the right, by the first warp.
    if (warp == 0) {
      float carry = 0.0f, dA = 0.0f;
      float sumQ = 0.0f;
      for (int base = 0; base < Q; base += 32) {
        const int i = base + lane;
        float rr = 0.0f;
        for (int k = 0; k < WC; k++) rr += rowR[k][i];
        sumQ += i < valid ? expOf<T>(sLast - s[i]) * dtChunk[i] * rr : 0.0f;
      }
      const float last = warpSum(sumQ) + expOf<T>(sLast) * product;
#pragma unroll
      for (int base = Q - 32; base >= 0; base -= 32) {
        const int i = base + lane;
        float gg = 0.0f, vv = 0.0f, rr = 0.0f, kk = 0.0f;
        for (int k = 0; k < WC; k++) gg += rowG[k][i], vv += rowV[k][i], rr += rowR[k][i];
        for (int k = 0; k < WR; k++) kk += columnK[k][i];
        const float toEnd = expOf<T>(sLast - s[i]);
        float ds = i < valid ? gg + vv - dtChunk[i] * (kk + toEnd * rr) : 0.0f;
        if (i == valid - 1) ds += last;
#pragma unroll
        for (int offset = 1; offset < 32; offset <<= 1) {
          const float down = __shfl_down_sync(0xffffffffu, ds, offset);
          if (lane + offset < 32) ds += down;
        }
        ds += carry;
        carry = __shfl_sync(0xffffffffu, ds, 0);
        if (i < valid) {
          ddt[(row + i) * nHeads + head] = a * ds + kk + toEnd * rr;
          dA += ds * dtChunk[i];
        }
      }
      dA = warpSum(dA);
      if (lane == 0) {
        const int64_t at = (static_cast<int64_t>(batch) * chunks + chunk) * nHeads + head;
        partialA[at] = dA * a;  // d A_log = d A · A
        partialD[at] = dD;
      }
    }
  }
  const int64_t total = static_cast<int64_t>(gridDim.z) * length;
#pragma unroll
  for (int j = 0; j < NN; j++)
#pragma unroll
    for (int e = 0; e < 4; e++) {
      const int i = wr * 16 + r0 + (e >> 1) * 8, n = (wc * NN + j) * 8 + c0 + (e & 1);
      if (i < valid && n < dState) {
        const int64_t at = (blockIdx.x * total + row + i) * dState + n;
        partialB[at] = dB[0][j][e];
        partialC[at] = dC[0][j][e];
      }
    }
}

/** Groups of heads → the B and C columns of dxc. Shapes: partial (groups, rows, dState) → dxc (rows, ·) at stride. */
template <typename T>
__device__ void ssdReduceGroups(const float* partialB, const float* partialC, T* dB, T* dC, int64_t stride, int64_t rows, int dState, int groups) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows * dState) return;
  float b = 0.0f, c = 0.0f;
  for (int g = 0; g < groups; g++) b += partialB[g * rows * dState + i], c += partialC[g * rows * dState + i];
  const int64_t at = (i / dState) * stride + i % dState;
  dB[at] = fromFloat<T>(b);
  dC[at] = fromFloat<T>(c);
}

#define SSD(suffix, T, N)                                                                                                         \
  extern "C" __global__ void __launch_bounds__(256)                                                                               \
      ssdStates_##N##_##suffix(const T* rows, int64_t rowStride, const T* factors, int64_t factorStride, const float* dt,         \
                               const float* decay, T* states, int length, int nHeads, int dState, int reverse) {                  \
    ssdStates<T, N>(rows, rowStride, factors, factorStride, dt, decay, states, length, nHeads, dState, reverse);                   \
  }                                                                                                                               \
  extern "C" __global__ void __launch_bounds__(128)                                                                               \
      ssdOutput_##N##_##suffix(const T* x, const T* bMatrix, const T* cMatrix, int64_t stride, const float* dt,                   \
                               const float* decay, const float* skip, const T* states, T* y, int length, int nHeads, int dState,  \
                               int headsPerBlock) {                                                                               \
    ssdOutput<T, N>(x, bMatrix, cMatrix, stride, dt, decay, skip, states, y, length, nHeads, dState, headsPerBlock);               \
  }

#define SSD_BACKWARD(name, T, N)                                                                                                  \
  extern "C" __global__ void __launch_bounds__(256, 2)                                                                            \
      name(const T* x, const T* bMatrix, const T* cMatrix, int64_t stride, const float* dt, const float* decay,                   \
           const float* aLog, const float* skip, const T* states, const T* stateGradients, const T* dy, T* dx, int64_t dxStride,  \
           float* ddt, float* partialB, float* partialC, float* partialA, float* partialD, int length, int nHeads, int dState,    \
           int headsPerBlock) {                                                                                                   \
    ssdBackward<T, N>(          x, bMatrix, cMatrix, stride, dt, decay, aLog, skip, states, stateGradients, dy, dx, dxStride,     \
                                ddt, partialB, partialC, partialA, partialD, length, nHeads, dState, headsPerBlock);              \
  }
SSD(bf16, bf16, 32)
SSD(bf16, bf16, 128)
SSD(f32, float, 32)
SSD(f32, float, 128)
SSD_BACKWARD(ssdBackward_32_bf16, bf16, 32)
SSD_BACKWARD(ssdBackward_128_bf16, bf16, 128)
SSD_BACKWARD(ssdBackward_32_f32, float, 32)
SSD_BACKWARD(ssdBackward_128_f32, float, 128)

#define SSD_REDUCE(suffix, T)                                                                                                     \
  extern "C" __global__ void ssdReduceGroups_##suffix(const float* partialB, const float* partialC, T* dB, T* dC, int64_t stride, \
                                                      int64_t rows, int dState, int groups) {                                     \
    ssdReduceGroups<T>(partialB, partialC, dB, dC, stride, rows, dState, groups);                                                 \
  }
SSD_REDUCE(bf16, bf16)
SSD_REDUCE(f32, float)
