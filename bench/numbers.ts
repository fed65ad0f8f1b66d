/** The middle value; the mean of the two middle ones where their number is even. NaN for none. */
export function median(values: readonly number[]): number {
  return (percentile(values, 0.5, Math.floor) + percentile(values, 0.5, Math.ceil)) / 2
}

/** The value below which this share (0 to 1) of all values lies. NaN for none. */
export function percentile(
  values: readonly number[],
  share: number,
  round: (position: number) => number = Math.round,
): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[round(share * (sorted.length - 1))] ?? Number.NaN
}

/** A number with a few digits that mean something. */
export function show(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value >= 1000) return Math.round(value).toLocaleString('en')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
