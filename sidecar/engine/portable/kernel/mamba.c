// The Mamba-2 layer (Dao & Gu, ICML 2024): matrix products in panels, the causal convolution, the state space as its plain
// recurrence, and the gated norm, each with its gradients. recurrent/mambaKernel.ts calls these in order; recurrent/mamba.ts
// is the reference they are compared with.
//
// The recurrence is as cheap as the chunked algorithm here: the state of a head stays in the first-level cache, positions are
// vectors along headDim, and nothing but inputs and outputs goes to memory. Gradients run backwards through chunks whose
// states are computed again. All pitches are multiples of 16 floats; what lies between is zero or ignored.
#include "simd.h"

/** Columns of a panel of the right-hand matrix: two wide vectors. */
enum { panel = 2 * lanes };

/** out (columns, rows) = a (rows, columns) transposed. Pitches in floats. */
API(transposeMatrix) void transposeMatrix(const float *a, int pitch, float *out, int outPitch, int rows, int columns) {
  for (int r = 0; r < rows; r += 16)
    for (int c = 0; c < columns; c++)
      for (int i = r; i < r + 16 && i < rows; i++) out[c * outPitch + i] = a[i * pitch + c];
}

/** Columns of the panel that begins at c: the last one may be a single vector. */
INLINE int panelColumns(int columns, int c) { return columns - c < panel ? columns - c : panel; }

/** b (inner, columns) in panels: [columns / panel][inner][panel]. Columns a multiple of 16. */
API(packPanels) void packPanels(const float *b, int pitch, float *panels, int inner, int columns) {
  for (int c = 0; c < columns; c += panel) {
    int n = panelColumns(columns, c);
    for (int k = 0; k < inner; k++, panels += n)
      for (int i = 0; i < n; i += lanes) storeWide(panels + i, loadWide(b + k * pitch + c + i));
  }
}

/** `nr` ≤ 8 rows of one panel of `nv` ≤ 2 vectors; sums are named one by one, because the compiler leaves an array of them in memory. */
INLINE void panelBlock(const int nr, const int nv, const float *a, int aPitch, const float *b, float *out, int outPitch, int inner) {
#define START(r) wide s##r##0 = splatWide(0), s##r##1 = splatWide(0);
#define STEP(r)                                                                                                      \
  if (nr > r) {                                                                                                      \
    wide value = splatWideFrom(a + r * aPitch + k);                                                                  \
    s##r##0 = multiplyAdd(value, b0, s##r##0);                                                                       \
    if (nv > 1) s##r##1 = multiplyAdd(value, b1, s##r##1);                                                           \
  }
#define END(r)                                                                                                       \
  if (nr > r) {                                                                                                      \
    storeWide(out + r * outPitch, s##r##0);                                                                          \
    if (nv > 1) storeWide(out + r * outPitch + lanes, s##r##1);                                                      \
  }
  EIGHT_TIMES(START)
  for (int k = 0; k < inner; k++, b += nv * lanes) {
    wide b0 = loadWide(b), b1 = nv > 1 ? loadWide(b + lanes) : b0;
    EIGHT_TIMES(STEP)
  }
  EIGHT_TIMES(END)
#undef START
#undef STEP
#undef END
}

/** Rows of a block: as many as the registers hold. */
#define PANEL_ROWS(nv)                                                                                               \
  {                                                                                                                  \
    int r = 0;                                                                                                       \
    if (eightOutputs)                                                                                                \
      for (; r + 8 <= rows; r += 8) panelBlock(8, nv, a + r * aPitch, aPitch, panels, out + r * outPitch + c, outPitch, inner); \
    for (; r + 4 <= rows; r += 4) panelBlock(4, nv, a + r * aPitch, aPitch, panels, out + r * outPitch + c, outPitch, inner); \
    for (; r < rows; r++) panelBlock(1, nv, a + r * aPitch, aPitch, panels, out + r * outPitch + c, outPitch, inner); \
  }

/** out (rows, columns) = a (rows, inner) · b, b in panels. */
API(panelProducts) void panelProducts(const float *a, int aPitch, const float *panels, float *out, int outPitch, int rows, int inner, int columns) {
  for (int c = 0; c < columns; c += panel) {
    int n = panelColumns(columns, c);
    if (n == panel) PANEL_ROWS(2)
    else PANEL_ROWS(1)
    panels += n * inner;
  }
}

// ---- causal convolution --------------------------------------------------------------------------------------------------

/**
 * pre[l] = bias + Σ_k weight[k] · x[l - (nTaps - 1) + k], zero before a sequence's start; out = silu(pre).
 * x (sequences · length, xPitch); weight (nTaps, channels), bias (channels), pre and out (sequences · length, channels).
 */
API(causalConvolve) void causalConvolve(const float *x, int xPitch, const float *weight, const float *bias, float *pre, float *out, int sequences, int length, int channels, int nTaps) {
  for (int s = 0; s < sequences; s++)
    for (int l = 0; l < length; l++, x += xPitch, pre += channels, out += channels) {
      int first = nTaps - 1 - l > 0 ? nTaps - 1 - l : 0;
      for (int c = 0; c < channels; c += lanes) {
        wide sum = loadWide(bias + c);
        for (int k = first; k < nTaps; k++) sum = addWide(sum, multiplyWide(loadWide(weight + k * channels + c), loadWide(x + (k - (nTaps - 1)) * xPitch + c)));
        storeWide(pre + c, sum);
        storeWide(out + c, multiplyWide(sum, sigmoid(sum)));
      }
    }
}

/**
 * From dOut: dX (dxPitch), dWeight (nTaps, channels) and dBias (channels), which start at zero. `dOut` becomes the gradient of pre.
 */
API(causalConvolveGradient) void causalConvolveGradient(float *dOut, const float *pre, const float *x, int xPitch, const float *weight, float *dX, int dxPitch, float *dWeight, float *dBias, int sequences, int length, int channels, int nTaps) {
  for (int s = 0; s < sequences; s++, x += length * xPitch, dX += length * dxPitch, pre += length * channels, dOut += length * channels) {
    for (int l = 0; l < length; l++) {
      float *d = dOut + l * channels;
      int first = nTaps - 1 - l > 0 ? nTaps - 1 - l : 0;
      for (int c = 0; c < channels; c += lanes) {
        wide p = loadWide(pre + l * channels + c), g = sigmoid(p);
        wide dp = multiplyWide(loadWide(d + c), multiplyWide(g, addWide(splatWide(1), multiplyWide(p, subWide(splatWide(1), g)))));
        storeWide(d + c, dp);
        storeWide(dBias + c, addWide(loadWide(dBias + c), dp));
        for (int k = first; k < nTaps; k++) {
          float *w = dWeight + k * channels + c;
          storeWide(w, addWide(loadWide(w), multiplyWide(dp, loadWide(x + (l - (nTaps - 1) + k) * xPitch + c))));
        }
      }
    }
    for (int l = 0; l < length; l++)
      for (int c = 0; c < channels; c += lanes) {
        wide sum = splatWide(0);
        for (int k = 0; k < nTaps && l + k < length; k++) // position l is tap nTaps - 1 - k of position l + k
          sum = addWide(sum, multiplyWide(loadWide(weight + (nTaps - 1 - k) * channels + c), loadWide(dOut + (l + k) * channels + c)));
        storeWide(dX + l * dxPitch + c, sum);
      }
  }
}

// ---- state space ---------------------------------------------------------------------------------------------------------
//
// Per sequence and head: h_l = decay_l · h_{l-1} + dt_l · B_l ⊗ x_l, y_l = C_l · h_l + D · x_l, h (dState, headDim).
// `mixed` holds rows of [x | B | C | …]; dt and decay = exp(A · dt) are (rows, nHeads).

typedef struct {
  const float *mixed, *dt, *decay;
  int mixedPitch, nHeads, headDim, dState, head;
} Head;

INLINE const float *xOf(const Head *h, int row) { return h->mixed + row * h->mixedPitch + h->head * h->headDim; }
INLINE const float *bOf(const Head *h, int row) { return h->mixed + row * h->mixedPitch + h->nHeads * h->headDim; }

/** next = decay · state + dt · B ⊗ x; the two may be the same array. With y: y = C · next + D · x. */
INLINE void advance(const Head *h, int row, const float *state, float *next, const float D, float *y) {
  const float *x = xOf(h, row), *B = bOf(h, row), *C = B + h->dState;
  float dt = h->dt[row * h->nHeads + h->head];
  wide decay = splatWide(h->decay[row * h->nHeads + h->head]);
  for (int p = 0; p < h->headDim; p += 2 * lanes) {
    wide x0 = loadWide(x + p), x1 = loadWide(x + p + lanes), y0 = splatWide(0), y1 = splatWide(0);
    for (int n = 0; n < h->dState; n++) {
      int at = n * h->headDim + p;
      wide b = splatWide(dt * B[n]);
      wide h0 = multiplyAdd(b, x0, multiplyWide(decay, loadWide(state + at)));
      wide h1 = multiplyAdd(b, x1, multiplyWide(decay, loadWide(state + at + lanes)));
      storeWide(next + at, h0);
      storeWide(next + at + lanes, h1);
      if (y) {
        wide c = splatWideFrom(C + n);
        y0 = multiplyAdd(c, h0, y0);
        y1 = multiplyAdd(c, h1, y1);
      }
    }
    if (y) {
      storeWide(y + p, multiplyAdd(splatWide(D), x0, y0));
      storeWide(y + p + lanes, multiplyAdd(splatWide(D), x1, y1));
    }
  }
}

static void clear(float *values, int count) {
  for (int i = 0; i < count; i++) values[i] = 0;
}

/** y (rows, nHeads · headDim). `state`: scratch of dState · headDim floats. headDim a multiple of 32. */
API(stateSpace) void stateSpace(const float *mixed, int mixedPitch, const float *dt, const float *decay, const float *D, float *y, float *state, int sequences, int length, int nHeads, int headDim, int dState) {
  Head head = {mixed, dt, decay, mixedPitch, nHeads, headDim, dState, 0};
  for (int s = 0; s < sequences; s++)
    for (head.head = 0; head.head < nHeads; head.head++) {
      clear(state, dState * headDim);
      for (int row = s * length; row < (s + 1) * length; row++)
        advance(&head, row, state, state, D[head.head], y + (row * nHeads + head.head) * headDim);
    }
}

/** What one position leaves for its inputs. `g`: gradient of h after later positions; becomes that of the state before. */
INLINE void retreat(const Head *h, int row, const float *before, const float *now, float *g, const float D, const float *dy, float *dMixed, float *dDt, float *dLogDecay, wide *sums) {
  int inner = h->nHeads * h->headDim;
  const float *x = xOf(h, row), *B = bOf(h, row), *C = B + h->dState;
  float *dX = dMixed + h->head * h->headDim, *dB = dMixed + inner, *dC = dB + h->dState;
  int scalar = row * h->nHeads + h->head;
  float dt = h->dt[scalar], decayed = h->decay[scalar];
  wide decay = splatWide(decayed), across = splatWide(0), inside = splatWide(0);
  wide *sumB = sums, *sumC = sums + h->dState;
  for (int n = 0; n < 2 * h->dState; n++) sums[n] = splatWide(0);
  for (int p = 0; p < h->headDim; p += 2 * lanes) {
    wide d0 = loadWide(dy + p), d1 = loadWide(dy + p + lanes), x0 = loadWide(x + p), x1 = loadWide(x + p + lanes);
    wide s0 = splatWide(0), s1 = splatWide(0); // Σ_n B[n] · g[n]
    for (int n = 0; n < h->dState; n++) {
      int at = n * h->headDim + p;
      wide c = splatWideFrom(C + n), b = splatWideFrom(B + n);
      wide g0 = multiplyAdd(c, d0, loadWide(g + at)), g1 = multiplyAdd(c, d1, loadWide(g + at + lanes));
      sumC[n] = multiplyAdd(d0, loadWide(now + at), multiplyAdd(d1, loadWide(now + at + lanes), sumC[n]));
      sumB[n] = multiplyAdd(x0, g0, multiplyAdd(x1, g1, sumB[n]));
      s0 = multiplyAdd(b, g0, s0);
      s1 = multiplyAdd(b, g1, s1);
      across = multiplyAdd(g0, loadWide(before + at), across);
      across = multiplyAdd(g1, loadWide(before + at + lanes), across);
      storeWide(g + at, multiplyWide(decay, g0));
      storeWide(g + at + lanes, multiplyWide(decay, g1));
    }
    wide skip = splatWide(D), time = splatWide(dt);
    storeWide(dX + p, multiplyAdd(time, s0, multiplyWide(skip, d0)));
    storeWide(dX + p + lanes, multiplyAdd(time, s1, multiplyWide(skip, d1)));
    inside = multiplyAdd(x0, s0, multiplyAdd(x1, s1, inside));
  }
  for (int n = 0; n < h->dState; n++) {
    dB[n] += dt * total(narrow(sumB[n]));
    dC[n] += total(narrow(sumC[n]));
  }
  dDt[scalar] = total(narrow(inside));
  dLogDecay[scalar] = decayed * total(narrow(across));
}

/** Positions whose states are kept together in the gradient. */
enum { chunk = 32 };

/** Floats of stateSpaceGradient's scratch. */
API(stateSpaceScratch) int stateSpaceScratch(int length, int headDim, int dState) {
  return ((length + chunk - 1) / chunk + chunk + 2) * headDim * dState + 2 * lanes * dState;
}

/**
 * From dy (rows, nHeads · headDim): dMixed, whose B and C columns start at zero, the part of dt's gradient that is not decay's,
 * the gradient of log decay, and dD (nHeads), which starts at zero.
 */
API(stateSpaceGradient) void stateSpaceGradient(const float *mixed, int mixedPitch, const float *dt, const float *decay, const float *D, const float *dy, float *dMixed, float *dDt, float *dLogDecay, double *dD, float *scratch, int sequences, int length, int nHeads, int headDim, int dState) {
  Head head = {mixed, dt, decay, mixedPitch, nHeads, headDim, dState, 0};
  int size = headDim * dState, chunks = (length + chunk - 1) / chunk;
  float *starts = scratch, *states = starts + chunks * size, *g = states + (chunk + 1) * size;
  wide *sums = (wide *)(g + size);
  for (int s = 0; s < sequences; s++)
    for (head.head = 0; head.head < nHeads; head.head++) {
      int first = s * length;
      clear(starts, size);
      for (int c = 1; c < chunks; c++) // the state at the start of every chunk
        for (int l = 0; l < chunk; l++) {
          float *next = starts + c * size;
          advance(&head, first + (c - 1) * chunk + l, l == 0 ? next - size : next, next, 0, 0);
        }
      clear(g, size);
      double sumD = 0;
      for (int c = chunks - 1; c >= 0; c--) {
        int n = length - c * chunk < chunk ? length - c * chunk : chunk;
        for (int i = 0; i < size; i++) states[i] = starts[c * size + i];
        for (int l = 0; l < n; l++) advance(&head, first + c * chunk + l, states + l * size, states + (l + 1) * size, 0, 0);
        for (int l = n - 1; l >= 0; l--) {
          int row = first + c * chunk + l;
          const float *d = dy + (row * nHeads + head.head) * headDim, *x = xOf(&head, row);
          retreat(&head, row, states + l * size, states + (l + 1) * size, g, D[head.head], d, dMixed + row * mixedPitch, dDt, dLogDecay, sums);
          wide sum = splatWide(0);
          for (int p = 0; p < headDim; p += lanes) sum = multiplyAdd(loadWide(d + p), loadWide(x + p), sum);
          sumD += total(narrow(sum));
        }
      }
      dD[head.head] += sumD;
    }
}

// ---- gated norm ----------------------------------------------------------------------------------------------------------

/** out = y · silu(z) / rms · weight, rms over a row of `width` (eps 1e-5); `inverse` (rows) keeps 1 / rms. */
API(gatedNorm) void gatedNorm(const float *y, const float *z, int zPitch, const float *weight, float *out, float *inverse, int rows, int width) {
  for (int r = 0; r < rows; r++, y += width, z += zPitch, out += width) {
    double squares = 0;
    for (int from = 0; from < width; from += 64) {
      wide sum = splatWide(0);
      for (int c = from; c < from + 64 && c < width; c += lanes) {
        wide gate = loadWide(z + c), v = multiplyWide(loadWide(y + c), multiplyWide(gate, sigmoid(gate)));
        storeWide(out + c, v);
        sum = addWide(sum, multiplyWide(v, v));
      }
      squares += total(narrow(sum));
    }
    inverse[r] = 1 / squareRoot(squares / width + 1e-5);
    wide scale = splatWide(inverse[r]);
    for (int c = 0; c < width; c += lanes) storeWide(out + c, multiplyWide(multiplyWide(loadWide(out + c), scale), loadWide(weight + c)));
  }
}

/** From dOut: dY, dZ (dzPitch) and dWeight (width), which starts at zero. dY may be dOut. */
API(gatedNormGradient) void gatedNormGradient(const float *dOut, const float *y, const float *z, int zPitch, const float *weight, const float *inverse, float *dY, float *dZ, int dzPitch, float *dWeight, int rows, int width) {
  for (int r = 0; r < rows; r++, y += width, z += zPitch, dOut += width, dY += width, dZ += dzPitch) {
    wide scale = splatWide(inverse[r]);
    double products = 0;
    for (int from = 0; from < width; from += 64) {
      wide sum = splatWide(0);
      for (int c = from; c < from + 64 && c < width; c += lanes) {
        wide gate = loadWide(z + c), normed = multiplyWide(multiplyWide(loadWide(y + c), multiplyWide(gate, sigmoid(gate))), scale), d = loadWide(dOut + c);
        storeWide(dWeight + c, addWide(loadWide(dWeight + c), multiplyWide(d, normed)));
        sum = addWide(sum, multiplyWide(multiplyWide(d, loadWide(weight + c)), normed));
      }
      products += total(narrow(sum));
    }
    wide mean = splatWide(products / width), one = splatWide(1);
    for (int c = 0; c < width; c += lanes) {
      wide gate = loadWide(z + c), s = sigmoid(gate), activated = multiplyWide(gate, s), value = loadWide(y + c);
      wide normed = multiplyWide(multiplyWide(value, activated), scale);
      wide d = multiplyWide(scale, subWide(multiplyWide(loadWide(dOut + c), loadWide(weight + c)), multiplyWide(normed, mean)));
      storeWide(dZ + c, multiplyWide(multiplyWide(d, value), multiplyWide(s, addWide(one, multiplyWide(gate, subWide(one, s))))));
      storeWide(dY + c, multiplyWide(d, activated));
    }
  }
}
