// Vectors: `wide` ones for every long loop, of four floats on WebAssembly, eight on x86-64 with AVX2 and sixteen with AVX-512;
// `vec` ones of four, for what is left and for partial sums. One source, three builds (build.mjs); only this file knows which.
#pragma once

#define INLINE static inline __attribute__((always_inline))

#ifdef __wasm__
#include <wasm_simd128.h>
#define API(name) __attribute__((export_name(#name)))
#define PER_THREAD
typedef v128_t vec;
INLINE vec load(const float *p) { return wasm_v128_load(p); }
INLINE void store(float *p, vec v) { wasm_v128_store(p, v); }
INLINE vec add(vec a, vec b) { return wasm_f32x4_add(a, b); }
INLINE vec sub(vec a, vec b) { return wasm_f32x4_sub(a, b); }
INLINE vec mul(vec a, vec b) { return wasm_f32x4_mul(a, b); }
INLINE vec splat(float a) { return wasm_f32x4_splat(a); }
INLINE vec splatFrom(const float *p) { return wasm_v128_load32_splat(p); }
/** a·b + c. */
INLINE vec fma4(vec a, vec b, vec c) { return add(c, mul(a, b)); }
/** The lanes one up, `first` below them. */
INLINE vec shiftIn(float first, vec v) { return wasm_i32x4_shuffle(splat(first), v, 0, 4, 5, 6); }
INLINE float lane(vec v, const int i) { return i == 0 ? wasm_f32x4_extract_lane(v, 0) : i == 1 ? wasm_f32x4_extract_lane(v, 1) : i == 2 ? wasm_f32x4_extract_lane(v, 2) : wasm_f32x4_extract_lane(v, 3); }
INLINE float squareRoot(float a) { return __builtin_sqrtf(a); }
#define SHUFFLE(a, b, i, j, k, l) wasm_i32x4_shuffle(a, b, i, j, k, l)
#else
#include <immintrin.h>
#define API(name) __attribute__((visibility("default")))
#define PER_THREAD _Thread_local
typedef __m128 vec;
INLINE vec load(const float *p) { return _mm_loadu_ps(p); }
INLINE void store(float *p, vec v) { _mm_storeu_ps(p, v); }
INLINE vec add(vec a, vec b) { return _mm_add_ps(a, b); }
INLINE vec sub(vec a, vec b) { return _mm_sub_ps(a, b); }
INLINE vec mul(vec a, vec b) { return _mm_mul_ps(a, b); }
INLINE vec splat(float a) { return _mm_set1_ps(a); }
INLINE vec splatFrom(const float *p) { return _mm_broadcast_ss(p); }
INLINE vec fma4(vec a, vec b, vec c) { return _mm_fmadd_ps(a, b, c); }
INLINE vec shiftIn(float first, vec v) { return __builtin_shufflevector(splat(first), v, 0, 4, 5, 6); }
INLINE float lane(vec v, const int i) { return ((float *)&v)[i]; }
INLINE float squareRoot(float a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

/** Four vectors of 4 consecutive positions each ↔ four vectors of every fourth position. */
INLINE void transpose(vec v[4]) {
  vec a = SHUFFLE(v[0], v[1], 0, 4, 1, 5), b = SHUFFLE(v[2], v[3], 0, 4, 1, 5);
  vec c = SHUFFLE(v[0], v[1], 2, 6, 3, 7), d = SHUFFLE(v[2], v[3], 2, 6, 3, 7);
  v[0] = SHUFFLE(a, b, 0, 1, 4, 5);
  v[1] = SHUFFLE(a, b, 2, 3, 6, 7);
  v[2] = SHUFFLE(c, d, 0, 1, 4, 5);
  v[3] = SHUFFLE(c, d, 2, 3, 6, 7);
}

INLINE float total(vec v) { return lane(v, 0) + lane(v, 1) + lane(v, 2) + lane(v, 3); }

// ---- wide vectors --------------------------------------------------------------------------------------------------------

#ifdef __wasm__
/** Of a vector, and sizes of the convolutions' blocks as measured (README.md). */
enum { lanes = 4, fastBlock = 3, eightOutputs = 0, twoTaps = 0, cachedFloats = 16384, cachedTiles = 16384 };
typedef vec wide;
INLINE wide loadWide(const float *p) { return load(p); }
INLINE void storeWide(float *p, wide v) { store(p, v); }
INLINE wide splatWide(float a) { return splat(a); }
INLINE wide splatWideFrom(const float *p) { return splatFrom(p); }
/** a·b + c. */
INLINE wide multiplyAdd(wide a, wide b, wide c) { return fma4(a, b, c); }
INLINE wide multiplyWide(wide a, wide b) { return mul(a, b); }
INLINE wide addWide(wide a, wide b) { return add(a, b); }
INLINE wide subWide(wide a, wide b) { return sub(a, b); }
INLINE wide quotientWide(wide a, wide b) { return wasm_f32x4_div(a, b); }
/** The smaller and the larger; where one is NaN, a. */
INLINE wide smallerWide(wide a, wide b) { return wasm_f32x4_pmin(a, b); }
INLINE wide largerWide(wide a, wide b) { return wasm_f32x4_pmax(a, b); }
INLINE wide magnitudeWide(wide a) { return wasm_f32x4_abs(a); }
INLINE wide nearestWide(wide a) { return wasm_f32x4_nearest(a); }
/** 2^n of whole numbers n ≥ -126. */
INLINE wide powerOfTwoWide(wide n) { return wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23); }
/** a where x > 0, else b. */
INLINE wide wherePositiveWide(wide x, wide a, wide b) { return wasm_v128_bitselect(a, b, wasm_f32x4_gt(x, splat(0))); }
/** The first n lanes of v, 0 after them. */
INLINE wide firstLanesWide(wide v, int n) { return wasm_v128_and(v, wasm_i32x4_make(n > 0 ? -1 : 0, n > 1 ? -1 : 0, n > 2 ? -1 : 0, n > 3 ? -1 : 0)); }
/** Partial sums of all lanes as four, and back. */
INLINE vec narrow(wide v) { return v; }
INLINE wide widen(vec v) { return v; }
INLINE wide shiftInWide(float first, wide v) { return shiftIn(first, v); }
/** Four vectors of `lanes` consecutive positions each → four of every fourth position, and back. */
INLINE void everyFourthWide(wide v[4]) { transpose(v); }
INLINE void consecutiveWide(wide v[4]) { transpose(v); }
#else
#ifdef __AVX512F__
enum { lanes = 16, fastBlock = 4, eightOutputs = 1, twoTaps = 1, cachedFloats = 32768, cachedTiles = 262144 };
typedef __m512 wide;
typedef __m512i wideInt;
#define WIDE(operation) _mm512_##operation
#define AS_FLOATS _mm512_castsi512_ps
INLINE wide magnitudeWide(wide a) { return _mm512_abs_ps(a); }
INLINE wide nearestWide(wide a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE wide wherePositiveWide(wide x, wide a, wide b) { return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), b, a); }
INLINE wide firstLanesWide(wide v, int n) { return _mm512_maskz_mov_ps(n <= 0 ? 0 : n >= 16 ? 0xffff : (1 << n) - 1, v); }
INLINE vec narrow(wide v) {
  return _mm_add_ps(_mm_add_ps(_mm512_castps512_ps128(v), _mm512_extractf32x4_ps(v, 1)), _mm_add_ps(_mm512_extractf32x4_ps(v, 2), _mm512_extractf32x4_ps(v, 3)));
}
INLINE wide widen(vec v) { return _mm512_zextps128_ps512(v); }
INLINE wide shiftInWide(float first, wide v) {
  return _mm512_castsi512_ps(_mm512_alignr_epi32(_mm512_castps_si512(v), _mm512_castps_si512(_mm512_set1_ps(first)), 15));
}
#define PAIR(a, b, first) __builtin_shufflevector(a, b, first, first + 4, first + 8, first + 12, first + 16, first + 20, first + 24, first + 28, first + 1, first + 5, first + 9, first + 13, first + 17, first + 21, first + 25, first + 29)
#define HALVES(a, b, first) __builtin_shufflevector(a, b, first, first + 1, first + 2, first + 3, first + 4, first + 5, first + 6, first + 7, first + 16, first + 17, first + 18, first + 19, first + 20, first + 21, first + 22, first + 23)
INLINE void everyFourthWide(wide v[4]) {
  wide a = PAIR(v[0], v[1], 0), b = PAIR(v[2], v[3], 0), c = PAIR(v[0], v[1], 2), d = PAIR(v[2], v[3], 2);
  v[0] = HALVES(a, b, 0), v[1] = HALVES(a, b, 8), v[2] = HALVES(c, d, 0), v[3] = HALVES(c, d, 8);
}
/** Lanes first … first + 3 of both halves of a and b, alternating as positions do. */
#define POSITIONS4(a, b, i) a + i, a + i + 8, b + i, b + i + 8
INLINE void consecutiveWide(wide v[4]) {
  wide a = HALVES(v[0], v[1], 0), b = HALVES(v[2], v[3], 0), c = HALVES(v[0], v[1], 8), d = HALVES(v[2], v[3], 8);
  v[0] = __builtin_shufflevector(a, b, POSITIONS4(0, 16, 0), POSITIONS4(0, 16, 1), POSITIONS4(0, 16, 2), POSITIONS4(0, 16, 3));
  v[1] = __builtin_shufflevector(a, b, POSITIONS4(0, 16, 4), POSITIONS4(0, 16, 5), POSITIONS4(0, 16, 6), POSITIONS4(0, 16, 7));
  v[2] = __builtin_shufflevector(c, d, POSITIONS4(0, 16, 0), POSITIONS4(0, 16, 1), POSITIONS4(0, 16, 2), POSITIONS4(0, 16, 3));
  v[3] = __builtin_shufflevector(c, d, POSITIONS4(0, 16, 4), POSITIONS4(0, 16, 5), POSITIONS4(0, 16, 6), POSITIONS4(0, 16, 7));
}
#else
enum { lanes = 8, fastBlock = 2, eightOutputs = 0, twoTaps = 0, cachedFloats = 16384, cachedTiles = 262144 };
typedef __m256 wide;
typedef __m256i wideInt;
#define WIDE(operation) _mm256_##operation
#define AS_FLOATS _mm256_castsi256_ps
INLINE wide magnitudeWide(wide a) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a); }
INLINE wide nearestWide(wide a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE wide wherePositiveWide(wide x, wide a, wide b) { return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ)); }
INLINE wide firstLanesWide(wide v, int n) {
  return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))));
}
INLINE vec narrow(wide v) { return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1)); }
INLINE wide widen(vec v) { return _mm256_zextps128_ps256(v); }
INLINE wide shiftInWide(float first, wide v) { return __builtin_shufflevector(_mm256_set1_ps(first), v, 0, 8, 9, 10, 11, 12, 13, 14); }
/** The transposition of four inside both halves. */
INLINE void transposeHalves(wide v[4]) {
  wide a = _mm256_unpacklo_ps(v[0], v[1]), b = _mm256_unpacklo_ps(v[2], v[3]), c = _mm256_unpackhi_ps(v[0], v[1]), d = _mm256_unpackhi_ps(v[2], v[3]);
  v[0] = _mm256_shuffle_ps(a, b, 0x44), v[1] = _mm256_shuffle_ps(a, b, 0xee), v[2] = _mm256_shuffle_ps(c, d, 0x44), v[3] = _mm256_shuffle_ps(c, d, 0xee);
}
INLINE void everyFourthWide(wide v[4]) {
  wide a = v[0], b = v[1], c = v[2], d = v[3];
  v[0] = _mm256_permute2f128_ps(a, c, 0x20), v[1] = _mm256_permute2f128_ps(a, c, 0x31), v[2] = _mm256_permute2f128_ps(b, d, 0x20), v[3] = _mm256_permute2f128_ps(b, d, 0x31);
  transposeHalves(v);
}
INLINE void consecutiveWide(wide v[4]) {
  transposeHalves(v);
  wide a = v[0], b = v[1], c = v[2], d = v[3];
  v[0] = _mm256_permute2f128_ps(a, b, 0x20), v[1] = _mm256_permute2f128_ps(c, d, 0x20), v[2] = _mm256_permute2f128_ps(a, b, 0x31), v[3] = _mm256_permute2f128_ps(c, d, 0x31);
}
#endif
INLINE wide loadWide(const float *p) { return WIDE(loadu_ps)(p); }
INLINE void storeWide(float *p, wide v) { WIDE(storeu_ps)(p, v); }
INLINE wide splatWide(float a) { return WIDE(set1_ps)(a); }
INLINE wide splatWideFrom(const float *p) { return WIDE(set1_ps)(*p); }
INLINE wide multiplyAdd(wide a, wide b, wide c) { return WIDE(fmadd_ps)(a, b, c); }
INLINE wide multiplyWide(wide a, wide b) { return WIDE(mul_ps)(a, b); }
INLINE wide addWide(wide a, wide b) { return WIDE(add_ps)(a, b); }
INLINE wide subWide(wide a, wide b) { return WIDE(sub_ps)(a, b); }
INLINE wide quotientWide(wide a, wide b) { return WIDE(div_ps)(a, b); }
INLINE wide smallerWide(wide a, wide b) { return WIDE(min_ps)(b, a); }
INLINE wide largerWide(wide a, wide b) { return WIDE(max_ps)(b, a); }
INLINE wide powerOfTwoWide(wide n) { return AS_FLOATS(WIDE(slli_epi32)(WIDE(add_epi32)(WIDE(cvttps_epi32)(n), WIDE(set1_epi32)(127)), 23)); }
#endif

// ---- exponentials --------------------------------------------------------------------------------------------------------

/** e^x = scale · (1 + e) for x ≤ 0: 2^n · e^r with |r| ≤ ln2/2 and a polynomial of degree 6; relative error of e^x below 2e-7. */
INLINE wide reducedExponential(wide x, wide *scale) {
  x = largerWide(x, splatWide(-87.0f)); // in this order NaN passes through
  wide n = nearestWide(multiplyWide(x, splatWide(1.44269504f)));
  wide r = multiplyAdd(n, splatWide(2.12194440e-4f), multiplyAdd(n, splatWide(-0.693359375f), x));
  wide e = splatWide(1.3981999507e-3f);
  e = multiplyAdd(e, r, splatWide(8.3334519073e-3f));
  e = multiplyAdd(e, r, splatWide(4.1665795894e-2f));
  e = multiplyAdd(e, r, splatWide(1.6666665459e-1f));
  e = multiplyAdd(e, r, splatWide(5.0000001201e-1f));
  *scale = powerOfTwoWide(n);
  return multiplyAdd(multiplyWide(e, r), r, r); // e^r - 1
}

/** e^x - 1 for x ≤ 0. */
INLINE wide expm1Negative(wide x) {
  wide scale, e = reducedExponential(x, &scale);
  return multiplyAdd(e, scale, subWide(scale, splatWide(1.0f)));
}

/** NaN stays NaN: it is not positive, and passes through the smaller. */
INLINE wide elu(wide z) { return wherePositiveWide(z, z, expm1Negative(smallerWide(z, splatWide(0)))); }

/** 1 / (1 + e^-x), from e^-|x| so that nothing overflows. */
INLINE wide sigmoid(wide x) {
  wide scale, e = reducedExponential(subWide(splatWide(0), magnitudeWide(x)), &scale);
  e = multiplyAdd(e, scale, scale);
  return quotientWide(wherePositiveWide(x, splatWide(1), e), addWide(splatWide(1), e));
}
