// The denoiser's convolution stack in WebAssembly SIMD: convolution forward, its two gradients, and the element-wise work
// between convolutions. kernelConvStack.ts calls these in order and owns the memory; tfConvStack.ts is the plain reference
// they are compared with. Built by build.sh; README.md lists versions and times.
//
// Layout. A "plane" array is [row][channel][position] with `width` positions, dim rounded up to 4, positions ≥ dim zero.
// A "haloed" array is the same with `halo` zeros before every channel (the zeros before the next channel end this one), so
// that a tap may look half a filter to either side without a test; one more halo follows the last channel.
// Positions are the vector lanes: 4 outputs channels × 2 vectors of positions stay in registers while a weight is broadcast.
#include <wasm_simd128.h>

typedef v128_t vec;
#define API(name) __attribute__((export_name(#name)))
#define INLINE static inline __attribute__((always_inline))

extern unsigned char __heap_base;

static int dim, width, taps, half, halo, pitch;
static vec tail; // lanes of the last vector that are inside dim

/** Sizes of everything that follows; returns the first free byte. */
API(configure) int configure(int tokenLength, int kernelSize) {
  dim = tokenLength;
  width = (dim + 3) & ~3;
  taps = kernelSize;
  half = taps / 2;
  halo = (half + 3) & ~3;
  pitch = halo + width;
  int inside = dim - (width - 4);
  tail = wasm_i32x4_make(-1, inside > 1 ? -1 : 0, inside > 2 ? -1 : 0, inside > 3 ? -1 : 0);
  return (int)&__heap_base;
}

INLINE vec load(const float *p) { return wasm_v128_load(p); }
INLINE void store(float *p, vec v) { wasm_v128_store(p, v); }
INLINE vec add(vec a, vec b) { return wasm_f32x4_add(a, b); }
INLINE vec sub(vec a, vec b) { return wasm_f32x4_sub(a, b); }
INLINE vec mul(vec a, vec b) { return wasm_f32x4_mul(a, b); }
INLINE vec splat(float a) { return wasm_f32x4_splat(a); }
INLINE float total(vec v) {
  return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1) + wasm_f32x4_extract_lane(v, 2) +
         wasm_f32x4_extract_lane(v, 3);
}
INLINE vec masked(vec v, int position) { return position + 4 > dim ? wasm_v128_and(v, tail) : v; }

// ---- convolution ---------------------------------------------------------------------------------------------------------

/**
 * Weights in the order the convolution reads them: [block of 4 outputs][input][tap][4].
 * From (outputs, inputs, taps) as PyTorch stores it; `transposed` packs the convolution that is its input gradient:
 * inputs and outputs exchanged, taps reversed.
 */
API(pack) void pack(const float *weight, float *packed, int outputs, int inputs, int transposed) {
  int rows = transposed ? inputs : outputs, columns = transposed ? outputs : inputs;
  for (int o = 0; o < rows; o++)
    for (int i = 0; i < columns; i++)
      for (int k = 0; k < taps; k++)
        packed[((((o >> 2) * columns) + i) * taps + k) * 4 + (o & 3)] =
            transposed ? weight[(i * inputs + o) * taps + taps - 1 - k] : weight[(o * inputs + i) * taps + k];
}

/**
 * One block: `no` outputs × `nv` vectors of positions, all inputs and taps. `no` and `nv` are constants after inlining. The
 * loop over taps is unrolled by the usual 7 with `taps` a variable: as a constant it was slower (README.md).
 */
INLINE void block(const int no, const int nv, const float *in, float *out, int inputs, const float *w, const float *bias) {
  vec acc[4][4];
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int v = 0; v < nv; v++) acc[o][v] = splat(bias ? bias[o] : 0.0f);
  for (int i = 0; i < inputs; i++) {
    const float *x = in + i * pitch;
#pragma clang loop unroll_count(7)
    for (int k = 0; k < taps; k++, x++, w += 4) {
      vec xs[4];
#pragma unroll
      for (int v = 0; v < nv; v++) xs[v] = load(x + 4 * v);
#pragma unroll
      for (int o = 0; o < no; o++) {
        vec weight = wasm_v128_load32_splat(w + o);
#pragma unroll
        for (int v = 0; v < nv; v++) acc[o][v] = add(acc[o][v], mul(weight, xs[v]));
      }
    }
  }
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int v = 0; v < nv; v++) store(out + o * width + 4 * v, acc[o][v]);
}

#define POSITIONS(no, wide)                                                                      \
  {                                                                                              \
    int p = 0;                                                                                   \
    for (; p + 4 * wide <= width; p += 4 * wide) block(no, wide, x + p, y + p, inputs, w, b);    \
    for (; p < width; p += 4) block(no, 1, x + p, y + p, inputs, w, b);                          \
  }

/** out[row] = conv(in[row]) + bias. in: haloed (rows, inputs), out: plane (rows, outputs); bias may be 0. */
API(convolve) void convolve(const float *in, float *out, int rows, int inputs, int outputs, const float *packed, const float *bias) {
  for (int row = 0; row < rows; row++) {
    const float *x = in + row * inputs * pitch + halo - half;
    for (int o = 0; o < outputs; o += 4) {
      float *y = out + (row * outputs + o) * width;
      const float *w = packed + o * inputs * taps;
      const float *b = bias ? bias + o : 0;
      switch (outputs - o) {
      case 1: POSITIONS(1, 4) break;
      case 2: POSITIONS(2, 2) break;
      case 3: POSITIONS(3, 2) break;
      default: POSITIONS(4, 2)
      }
    }
  }
}

/** One block of the weight gradient: `no` outputs × `ni` inputs of one tap, over `rows` rows. */
INLINE void weightBlock(const int no, const int ni, const float *dy, const float *x, int rows, int dyRow, int xRow, vec *sums, int inputs) {
  vec acc[4][4];
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int i = 0; i < ni; i++) acc[o][i] = sums[(o * inputs + i) * taps];
  for (int row = 0; row < rows; row++, dy += dyRow, x += xRow)
    for (int p = 0; p < width; p += 4) {
      vec xs[4];
#pragma unroll
      for (int i = 0; i < ni; i++) xs[i] = load(x + i * pitch + p);
#pragma unroll
      for (int o = 0; o < no; o++) {
        vec d = load(dy + o * pitch + p);
#pragma unroll
        for (int i = 0; i < ni; i++) acc[o][i] = add(acc[o][i], mul(d, xs[i]));
      }
    }
#pragma unroll
  for (int o = 0; o < no; o++)
#pragma unroll
    for (int i = 0; i < ni; i++) sums[(o * inputs + i) * taps] = acc[o][i];
}

#define INPUTS(no)                                                                                           \
  {                                                                                                          \
    int i = 0;                                                                                               \
    for (; i + 2 <= inputs; i += 2)                                                                          \
      for (int k = 0; k < taps; k++) weightBlock(no, 2, d, x + i * pitch + k, n, dyRow, xRow, s + i * taps + k, inputs); \
    for (; i < inputs; i++)                                                                                  \
      for (int k = 0; k < taps; k++) weightBlock(no, 1, d, x + i * pitch + k, n, dyRow, xRow, s + i * taps + k, inputs); \
  }

/**
 * gradient (outputs, inputs, taps) = Σ rows, positions dy · x. dy and x haloed. `sums` is scratch of 4 floats per weight:
 * four partial sums per weight stay apart until the end, and a few rows at a time stay in the cache.
 */
API(weightGradient) void weightGradient(const float *dy, const float *in, float *gradient, vec *sums, int rows, int inputs, int outputs) {
  int dyRow = outputs * pitch, xRow = inputs * pitch, count = outputs * inputs * taps;
  int bytesPerRow = 4 * (dyRow + xRow), rowsAtOnce = bytesPerRow > 65536 ? 1 : 65536 / bytesPerRow;
  for (int j = 0; j < count; j++) sums[j] = splat(0);
  for (int row = 0; row < rows; row += rowsAtOnce) {
    int n = rows - row < rowsAtOnce ? rows - row : rowsAtOnce;
    const float *x = in + row * xRow + halo - half;
    for (int o = 0; o < outputs; o += 4) {
      const float *d = dy + row * dyRow + o * pitch + halo;
      vec *s = sums + o * inputs * taps;
      switch (outputs - o) {
      case 1: INPUTS(1) break;
      case 2: INPUTS(2) break;
      case 3: INPUTS(3) break;
      default: INPUTS(4)
      }
    }
  }
  for (int j = 0; j < count; j++) gradient[j] = total(sums[j]);
}

/** gradient (channels) = Σ rows, positions of a haloed array. */
API(biasGradient) void biasGradient(const float *dy, float *gradient, int rows, int channels) {
  for (int c = 0; c < channels; c++) {
    double sum = 0;
    for (int row = 0; row < rows; row++) {
      const float *d = dy + (row * channels + c) * pitch + halo;
      vec acc = splat(0);
      for (int p = 0; p < width; p += 4) acc = add(acc, load(d + p));
      sum += total(acc);
    }
    gradient[c] = sum;
  }
}

// ---- between convolutions ------------------------------------------------------------------------------------------------

/** e^x - 1 for x ≤ 0: 2^n · e^r with |r| ≤ ln2/2 and a polynomial of degree 6; relative error of e^x below 2e-7. */
INLINE vec expm1Negative(vec x) {
  x = wasm_f32x4_pmax(splat(-87.0f), x);
  vec n = wasm_f32x4_nearest(mul(x, splat(1.44269504f)));
  vec r = sub(sub(x, mul(n, splat(0.693359375f))), mul(n, splat(-2.12194440e-4f)));
  vec e = splat(1.3981999507e-3f);
  e = add(mul(e, r), splat(8.3334519073e-3f));
  e = add(mul(e, r), splat(4.1665795894e-2f));
  e = add(mul(e, r), splat(1.6666665459e-1f));
  e = add(mul(e, r), splat(5.0000001201e-1f));
  e = add(mul(mul(e, r), r), r); // e^r - 1
  vec scale = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
  return add(mul(e, scale), sub(scale, splat(1.0f)));
}

INLINE vec elu(vec z) {
  return wasm_v128_bitselect(z, expm1Negative(wasm_f32x4_pmin(z, splat(0))), wasm_f32x4_gt(z, splat(0)));
}

/** haloed (rows, channels) = (h + skip + cond) · time. h, skip: planes, skip may be 0; cond, time: (rows, width), `timeRow` 0 shares one. */
API(prepare) void prepare(const float *h, const float *skip, const float *cond, const float *time, int timeRow, float *out, int rows, int channels) {
  for (int row = 0; row < rows; row++) {
    const float *c = cond + row * width, *t = time + row * timeRow;
    for (int channel = 0; channel < channels; channel++) {
      int at = (row * channels + channel) * width;
      float *o = out + (row * channels + channel) * pitch + halo;
      for (int p = 0; p < width; p += 4) {
        vec s = add(load(h + at + p), load(c + p));
        if (skip) s = add(s, load(skip + at + p));
        store(o + p, masked(mul(s, load(t + p)), p));
      }
    }
  }
}

/** sums[c] = Σ y, over rows and positions inside dim; float32 inside a row, float64 across rows. */
API(channelSums) void channelSums(const float *y, double *sums, int rows, int channels) {
  for (int c = 0; c < channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      vec acc = splat(0);
      for (int p = 0; p < width; p += 4) acc = add(acc, masked(load(v + p), p));
      sums[c] += total(acc);
    }
}

/** sums[c] = Σ (y - mean[c])². */
API(channelSquares) void channelSquares(const float *y, const float *mean, double *sums, int rows, int channels) {
  for (int c = 0; c < channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      vec acc = splat(0), m = splat(mean[c]);
      for (int p = 0; p < width; p += 4) {
        vec d = masked(sub(load(v + p), m), p);
        acc = add(acc, mul(d, d));
      }
      sums[c] += total(acc);
    }
}

/** h = elu((y - mean) · scale + shift), per channel. */
API(activate) void activate(const float *y, const float *mean, const float *scale, const float *shift, float *h, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      int at = (row * channels + c) * width;
      vec m = splat(mean[c]), a = splat(scale[c]), b = splat(shift[c]);
      for (int p = 0; p < width; p += 4) store(h + at + p, elu(add(mul(sub(load(y + at + p), m), a), b)));
    }
}

/**
 * What the gradient du of a layer's input says about cond and time: sumDu += Σ channels du, dTime += Σ channels du · (h + skip + cond).
 * The gradient of cond is time · sumDu.
 */
API(conditionGradients) void conditionGradients(const float *du, const float *h, const float *skip, const float *cond, float *sumDu, float *dTime, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int p = 0; p < width; p += 4) {
      vec c = load(cond + row * width + p), s = load(sumDu + row * width + p), t = load(dTime + row * width + p);
      for (int channel = 0; channel < channels; channel++) {
        int at = (row * channels + channel) * width + p;
        vec d = load(du + at), x = add(load(h + at), c);
        if (skip) x = add(x, load(skip + at));
        s = add(s, d);
        t = add(t, mul(d, x));
      }
      store(sumDu + row * width + p, s);
      store(dTime + row * width + p, t);
    }
}

/**
 * dz = (du + duSkip) · time · elu'(z) into a haloed array, and its sums Σ dz, Σ dz·(y - mean) per channel for the batch norm.
 * du, duSkip, h, y: planes; duSkip may be 0. elu' is 1 where h > 0, else h + 1.
 */
API(activationGradient) void activationGradient(const float *du, const float *duSkip, const float *time, const float *h, const float *y, const float *mean, float *dz, double *sums, int rows, int channels) {
  for (int c = 0; c < 2 * channels; c++) sums[c] = 0;
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      int at = (row * channels + c) * width;
      float *out = dz + (row * channels + c) * pitch + halo;
      vec sum = splat(0), sumY = splat(0), m = splat(mean[c]), one = splat(1), zero = splat(0);
      for (int p = 0; p < width; p += 4) {
        vec d = load(du + at + p), hp = load(h + at + p);
        if (duSkip) d = add(d, load(duSkip + at + p));
        vec slope = add(wasm_f32x4_pmin(hp, zero), one);
        d = masked(mul(mul(d, load(time + row * width + p)), slope), p);
        store(out + p, d);
        sum = add(sum, d);
        sumY = add(sumY, mul(d, sub(load(y + at + p), m)));
      }
      sums[c] += total(sum);
      sums[channels + c] += total(sumY);
    }
}

/** dy = a·dz + b + d·(y - mean) in place, per channel: the rest of the batch norm's gradient. */
API(normGradient) void normGradient(float *dz, const float *y, const float *mean, const float *a, const float *b, const float *d, int rows, int channels) {
  for (int row = 0; row < rows; row++)
    for (int c = 0; c < channels; c++) {
      const float *v = y + (row * channels + c) * width;
      float *out = dz + (row * channels + c) * pitch + halo;
      vec m = splat(mean[c]), va = splat(a[c]), vb = splat(b[c]), vd = splat(d[c]);
      for (int p = 0; p < width; p += 4)
        store(out + p, masked(add(add(mul(load(out + p), va), vb), mul(sub(load(v + p), m), vd)), p));
    }
}

// ---- sampling ------------------------------------------------------------------------------------------------------------

/** h = elu(y) in place, for folded batch norm. */
API(eluInPlace) void eluInPlace(float *y, int count) {
  for (int p = 0; p < count; p += 4) store(y + p, elu(load(y + p)));
}

/** x ← a·x + b·epsilonTheta + sigma·noise; noise may be 0. */
API(samplerStep) void samplerStep(float *x, const float *epsilonTheta, const float *noise, float a, float b, float sigma, int count) {
  vec va = splat(a), vb = splat(b), vs = splat(sigma);
  for (int p = 0; p < count; p += 4) {
    vec next = add(mul(load(x + p), va), mul(load(epsilonTheta + p), vb));
    if (noise) next = add(next, mul(load(noise + p), vs));
    store(x + p, next);
  }
}

// ---- batched matrix product ----------------------------------------------------------------------------------------------

INLINE void productBlock(const int nr, const int nv, const float *a, const float *b, float *out, int inner, int width4) {
  vec acc[4][4];
#pragma unroll
  for (int r = 0; r < nr; r++)
#pragma unroll
    for (int v = 0; v < nv; v++) acc[r][v] = splat(0);
  for (int k = 0; k < inner; k++, b += width4) {
    vec bs[4];
#pragma unroll
    for (int v = 0; v < nv; v++) bs[v] = load(b + 4 * v);
#pragma unroll
    for (int r = 0; r < nr; r++) {
      vec value = wasm_v128_load32_splat(a + r * inner + k);
#pragma unroll
      for (int v = 0; v < nv; v++) acc[r][v] = add(acc[r][v], mul(value, bs[v]));
    }
  }
#pragma unroll
  for (int r = 0; r < nr; r++)
#pragma unroll
    for (int v = 0; v < nv; v++) store(out + r * width4 + 4 * v, acc[r][v]);
}

/** out[n] = a[n] · b[n]: a (count, rows, inner), b (count, inner, width4), out (count, rows, width4); width4 a multiple of 4. */
API(products) void products(const float *a, const float *b, float *out, int count, int rows, int inner, int width4) {
  for (int n = 0; n < count; n++, a += rows * inner, b += inner * width4, out += rows * width4)
    for (int r = 0; r < rows;) {
      int nr = rows - r >= 4 ? 4 : 1, c = 0;
      for (; c + 8 <= width4; c += 8)
        if (nr == 4) productBlock(4, 2, a + r * inner, b + c, out + r * width4 + c, inner, width4);
        else productBlock(1, 2, a + r * inner, b + c, out + r * width4 + c, inner, width4);
      for (; c < width4; c += 4)
        if (nr == 4) productBlock(4, 1, a + r * inner, b + c, out + r * width4 + c, inner, width4);
        else productBlock(1, 1, a + r * inner, b + c, out + r * width4 + c, inner, width4);
      r += nr;
    }
}
