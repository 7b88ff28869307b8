// The two inner loops of the convolutions for one vector type, included once per type (convStack.c) with V, LANES, the
// operations LOAD STORE SPLAT SPLAT_FROM FMA (a·b + c), WIDEN and NARROW (a vec's four sums in and out), and NAME(suffix).

/**
 * One block: `no` outputs × `nv` vectors of positions, all inputs and taps. `no` and `nv` are constants after inlining; sums are
 * named one by one, because the compiler leaves an array of them in memory. The loop over taps is unrolled by the usual 7 with their number a variable: as a constant it was slower (README.md).
 */
INLINE void NAME(block)(const int no, const int nv, const float *in, int inPitch, float *out, int outPitch, int inputs, int nTaps, const float *w, const float *bias) {
#define START(o) V a##o##0, a##o##1, a##o##2, a##o##3; a##o##0 = a##o##1 = a##o##2 = a##o##3 = SPLAT(bias && no > o ? bias[o] : 0.0f);
#define STEP(o)                                                                                                      \
  if (no > o) {                                                                                                      \
    V weight = SPLAT_FROM(w + o);                                                                                    \
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
  START(0) START(1) START(2) START(3)
  for (int i = 0; i < inputs; i++) {
    const float *x = in + i * inPitch;
#pragma clang loop unroll_count(7)
    for (int k = 0; k < nTaps; k++, x++, w += 4) {
      V x0 = LOAD(x), x1 = nv > 1 ? LOAD(x + LANES) : x0, x2 = nv > 2 ? LOAD(x + 2 * LANES) : x0, x3 = nv > 3 ? LOAD(x + 3 * LANES) : x0;
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
  }
  END(0) END(1) END(2) END(3)
#undef START
#undef STEP
#undef END
}

/** One block of the weight gradient: `no` outputs × `ni` ≤ 2 inputs of one tap, positions from `from` to `to`. */
INLINE void NAME(weightBlock)(const int no, const int ni, const Pair *pair, int from, int to, const float *dy, const float *x, vec *sums) {
  int perOutput = pair->inputs * pair->taps, perInput = pair->taps, dyPitch = pair->dyPitch, xPitch = pair->xPitch;
#define START(o)                                                                                                     \
  V a##o##0, a##o##1;                                                                                                \
  a##o##0 = no > o ? WIDEN(sums[o * perOutput]) : SPLAT(0);                                                          \
  a##o##1 = no > o && ni > 1 ? WIDEN(sums[o * perOutput + perInput]) : SPLAT(0);
#define STEP(o)                                                                                                      \
  if (no > o) {                                                                                                      \
    V d = LOAD(dy + o * dyPitch + p);                                                                                \
    a##o##0 = FMA(d, x0, a##o##0);                                                                                   \
    if (ni > 1) a##o##1 = FMA(d, x1, a##o##1);                                                                       \
  }
#define END(o)                                                                                                       \
  if (no > o) {                                                                                                      \
    sums[o * perOutput] = NARROW(a##o##0);                                                                           \
    if (ni > 1) sums[o * perOutput + perInput] = NARROW(a##o##1);                                                    \
  }
  START(0) START(1) START(2) START(3)
  for (int row = 0; row < pair->rows; row++, dy += pair->dyRow, x += pair->xRow)
    for (int p = from; p < to; p += LANES) {
      V x0 = LOAD(x + p), x1 = ni > 1 ? LOAD(x + xPitch + p) : x0;
      STEP(0) STEP(1) STEP(2) STEP(3)
    }
  END(0) END(1) END(2) END(3)
#undef START
#undef STEP
#undef END
}
