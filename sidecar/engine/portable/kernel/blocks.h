// The inner loops of the convolutions for one vector type, included once per type (convStack.c) with V, LANES, the operations
// LOAD STORE SPLAT SPLAT_FROM ADD SUB MUL FMA (a·b + c), WIDEN and NARROW (a vec's four sums in and out), SHIFT_IN, EVERY_FOURTH and
// CONSECUTIVE (simd.h), and NAME(suffix).

#define EIGHT_TIMES(macro) macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7)

/**
 * One block: `no` ≤ 8 outputs × `nv` vectors of positions, all inputs and taps. `no` and `nv` are constants after inlining; sums
 * are named one by one, because the compiler leaves an array of them in memory. Weights come in packs of four outputs, `packed`
 * floats apart. The loop over taps is unrolled by the usual 7 with their number a variable: as a constant it was slower (README.md).
 */
INLINE void NAME(block)(const int no, const int nv, const float *in, int inPitch, float *out, int outPitch, int inputs, int nTaps, const float *w, const float *bias) {
  const float *second = w + 4 * inputs * nTaps; // outputs 4 to 7
#define START(o) V a##o##0, a##o##1, a##o##2, a##o##3; a##o##0 = a##o##1 = a##o##2 = a##o##3 = SPLAT(bias && no > o ? bias[o] : 0.0f);
#define STEP(o)                                                                                                      \
  if (no > o) {                                                                                                      \
    V weight = SPLAT_FROM((o < 4 ? w : second) + (o & 3));                                                           \
    a##o##0 = FMA(weight, x0, a##o##0);                                                                              \
    if (nv > 1) a##o##1 = FMA(weight, x1, a##o##1);                                                                  \
    if (nv > 2) a##o##2 = FMA(weight, x2, a##o##2);                                                                  \
    if (nv > 3) a##o##3 = FMA(weight, x3, a##o##3);                                                                  \
  }
#define END(o)                                                                                                       \
  if (no > o) {                                                                                                      \
    STORE(out + o * outPitch, a##o##0);                                                                              \
    if (nv > 1) STORE(out + o * outPitch + LANES, a##o##1);                                                          \
    if (nv > 2) STORE(out + o * outPitch + 2 * LANES, a##o##2);                                                      \
    if (nv > 3) STORE(out + o * outPitch + 3 * LANES, a##o##3);                                                      \
  }
  EIGHT_TIMES(START)
  for (int i = 0; i < inputs; i++) {
    const float *x = in + i * inPitch;
#pragma clang loop unroll_count(7)
    for (int k = 0; k < nTaps; k++, x++, w += 4, second += 4) {
      V x0 = LOAD(x), x1 = nv > 1 ? LOAD(x + LANES) : x0, x2 = nv > 2 ? LOAD(x + 2 * LANES) : x0, x3 = nv > 3 ? LOAD(x + 3 * LANES) : x0;
      EIGHT_TIMES(STEP)
    }
  }
  EIGHT_TIMES(END)
#undef START
#undef STEP
#undef END
}

/** One block of the weight gradient: 4 outputs or fewer × `ni` ≤ 2 inputs × `nk` ≤ 2 taps, positions from `from` to `to`. */
INLINE void NAME(weightBlock)(const int no, const int ni, const int nk, const Pair *pair, int from, int to, const float *dy, const float *x, vec *sums) {
  int perOutput = pair->inputs * pair->taps, perInput = pair->taps, dyPitch = pair->dyPitch, xPitch = pair->xPitch;
#define START(o)                                                                                                     \
  V a##o##0, a##o##1, b##o##0, b##o##1;                                                                              \
  a##o##0 = no > o ? WIDEN(sums[o * perOutput]) : SPLAT(0);                                                          \
  a##o##1 = no > o && ni > 1 ? WIDEN(sums[o * perOutput + perInput]) : SPLAT(0);                                     \
  b##o##0 = no > o && nk > 1 ? WIDEN(sums[o * perOutput + 1]) : SPLAT(0);                                            \
  b##o##1 = no > o && ni > 1 && nk > 1 ? WIDEN(sums[o * perOutput + perInput + 1]) : SPLAT(0);
#define STEP(o)                                                                                                      \
  if (no > o) {                                                                                                      \
    V d = LOAD(dy + o * dyPitch + p);                                                                                \
    a##o##0 = FMA(d, x0, a##o##0);                                                                                   \
    if (ni > 1) a##o##1 = FMA(d, x1, a##o##1);                                                                       \
    if (nk > 1) b##o##0 = FMA(d, y0, b##o##0);                                                                       \
    if (ni > 1 && nk > 1) b##o##1 = FMA(d, y1, b##o##1);                                                             \
  }
#define END(o)                                                                                                       \
  if (no > o) {                                                                                                      \
    sums[o * perOutput] = NARROW(a##o##0);                                                                           \
    if (ni > 1) sums[o * perOutput + perInput] = NARROW(a##o##1);                                                    \
    if (nk > 1) sums[o * perOutput + 1] = NARROW(b##o##0);                                                           \
    if (ni > 1 && nk > 1) sums[o * perOutput + perInput + 1] = NARROW(b##o##1);                                      \
  }
  START(0) START(1) START(2) START(3)
  for (int row = 0; row < pair->rows; row++, dy += pair->dyRow, x += pair->xRow)
    for (int p = from; p < to; p += LANES) {
      V x0 = LOAD(x + p), x1 = ni > 1 ? LOAD(x + xPitch + p) : x0;
      V y0 = nk > 1 ? LOAD(x + 1 + p) : x0, y1 = ni > 1 && nk > 1 ? LOAD(x + xPitch + 1 + p) : x0;
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
  END(0) END(1) END(2) END(3)
#undef START
#undef STEP
#undef END
}

// Fast filtering's transforms (convStack.c) of LANES tiles of one channel; `stride` floats lie between points.

/** Inputs at the points. x: the first tile's first position; `atEnd`: nothing but the tile before counts. */
INLINE void NAME(inputTiles)(const float *x, float *u, int stride, const int atEnd) {
  V d[7]; // d[k] holds input k - 3 from every tile's first position on
  for (int i = 0; i < 4; i++) d[3 + i] = atEnd ? SPLAT(0) : LOAD(x + LANES * i);
  EVERY_FOURTH(d + 3);
  for (int i = 0; i < 3; i++) d[i] = SHIFT_IN(x[i - 3], d[4 + i]);
  V d24 = SUB(d[2], d[4]), e = FMA(SPLAT(-2), d[3], d[2]), f = FMA(SPLAT(-2), d[4], d[3]);
  V g = FMA(SPLAT(-2), d[1], d[0]), h = FMA(SPLAT(-2), d[5], d[4]);
  STORE(u, FMA(SPLAT(4), g, FMA(SPLAT(-5), e, h)));
  STORE(u + stride, FMA(SPLAT(4), SUB(d[2], d[1]), FMA(SPLAT(9), d[3], FMA(SPLAT(-2), d[5], SUB(SPLAT(0), d[4])))));
  STORE(u + 2 * stride, FMA(SPLAT(12), d[2], FMA(SPLAT(-4), d[1], FMA(SPLAT(-7), d[3], FMA(SPLAT(-3), d[4], ADD(d[5], d[5]))))));
  STORE(u + 3 * stride, FMA(SPLAT(2), ADD(FMA(SPLAT(-2), d[3], d[1]), d[5]), MUL(SPLAT(-3), d24)));
  STORE(u + 4 * stride, FMA(SPLAT(2), SUB(d[1], d[5]), MUL(SPLAT(-5), d24)));
  STORE(u + 5 * stride, FMA(SPLAT(4), d[1], FMA(SPLAT(-5), d[3], d[5])));
  STORE(u + 6 * stride, FMA(SPLAT(5), f, FMA(SPLAT(-4), FMA(SPLAT(-2), d[2], d[1]), FMA(SPLAT(2), d[6], SUB(SPLAT(0), d[5])))));
}

/** Products at the points back to 4 · LANES positions. */
INLINE void NAME(outputTiles)(const float *m, float *y, int stride, V b) {
  V m1 = LOAD(m + stride), m2 = LOAD(m + 2 * stride), m3 = LOAD(m + 3 * stride), m4 = LOAD(m + 4 * stride), m5 = LOAD(m + 5 * stride);
  V s12 = ADD(ADD(m1, m2), b), d12 = ADD(SUB(m1, m2), b), s34 = ADD(m3, m4), d34 = SUB(m3, m4);
  V out[4] = {
      ADD(ADD(LOAD(m), s12), ADD(s34, m5)),
      FMA(SPLAT(2), d34, FMA(SPLAT(0.5f), m5, d12)),
      FMA(SPLAT(4), s34, FMA(SPLAT(0.25f), m5, s12)),
      ADD(FMA(SPLAT(8), d34, FMA(SPLAT(0.125f), m5, d12)), LOAD(m + 6 * stride)),
  };
  CONSECUTIVE(out);
  for (int i = 0; i < 4; i++) STORE(y + LANES * i, out[i]);
}

/** The transpose of outputTiles. */
INLINE void NAME(gradientTiles)(const float *dy, float *v, int stride) {
  V d[4];
  for (int i = 0; i < 4; i++) d[i] = LOAD(dy + LANES * i);
  EVERY_FOURTH(d);
  V even = ADD(d[0], d[2]), odd = ADD(d[1], d[3]);
  V even2 = FMA(SPLAT(4), d[2], d[0]), odd2 = FMA(SPLAT(8), d[3], ADD(d[1], d[1]));
  STORE(v, d[0]);
  STORE(v + stride, ADD(even, odd));
  STORE(v + 2 * stride, SUB(even, odd));
  STORE(v + 3 * stride, ADD(even2, odd2));
  STORE(v + 4 * stride, SUB(even2, odd2));
  STORE(v + 5 * stride, FMA(SPLAT(0.5f), d[1], FMA(SPLAT(0.25f), d[2], FMA(SPLAT(0.125f), d[3], d[0]))));
  STORE(v + 6 * stride, d[3]);
}
