// The two inner loops of the convolutions for one vector type, included once per type (convStack.c) with V, LANES, the
// operations LOAD STORE SPLAT SPLAT_FROM FMA (a·b + c), WIDEN and NARROW (a vec's four sums in and out), and NAME(suffix).

/**
 * One block: `no` outputs × `nv` vectors of positions, all inputs and taps. `no` and `nv` are constants after inlining. The
 * loop over taps is unrolled by the usual 7 with their number a variable: as a constant it was slower (README.md).
 */
INLINE void NAME(block)(const int no, const int nv, const float *in, int inPitch, float *out, int outPitch, int inputs, int nTaps, const float *w, const float *bias) {
  V acc[4][4];
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int v = 0; v < nv; v++) acc[o][v] = SPLAT(bias ? bias[o] : 0.0f);
  for (int i = 0; i < inputs; i++) {
    const float *x = in + i * inPitch;
#pragma clang loop unroll_count(7)
    for (int k = 0; k < nTaps; k++, x++, w += 4) {
      V xs[4];
#pragma unroll
      for (int v = 0; v < nv; v++) xs[v] = LOAD(x + LANES * v);
#pragma unroll
      for (int o = 0; o < no; o++) {
        V weight = SPLAT_FROM(w + o);
#pragma unroll
        for (int v = 0; v < nv; v++) acc[o][v] = FMA(weight, xs[v], acc[o][v]);
      }
    }
  }
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int v = 0; v < nv; v++) STORE(out + o * outPitch + LANES * v, acc[o][v]);
}

/** One block of the weight gradient: `no` outputs × `ni` inputs of one tap, positions from `from` to `to`. */
INLINE void NAME(weightBlock)(const int no, const int ni, const Pair *pair, int from, int to, const float *dy, const float *x, vec *sums) {
  int perOutput = pair->inputs * pair->taps, perInput = pair->taps, dyPitch = pair->dyPitch, xPitch = pair->xPitch;
  V acc[4][4];
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int i = 0; i < ni; i++) acc[o][i] = WIDEN(sums[o * perOutput + i * perInput]);
  for (int row = 0; row < pair->rows; row++, dy += pair->dyRow, x += pair->xRow)
    for (int p = from; p < to; p += LANES) {
      V xs[4];
#pragma unroll
      for (int i = 0; i < ni; i++) xs[i] = LOAD(x + i * xPitch + p);
#pragma unroll
      for (int o = 0; o < no; o++) {
        V d = LOAD(dy + o * dyPitch + p);
#pragma unroll
        for (int i = 0; i < ni; i++) acc[o][i] = FMA(d, xs[i], acc[o][i]);
      }
    }
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int i = 0; i < ni; i++) sums[o * perOutput + i * perInput] = NARROW(acc[o][i]);
}
