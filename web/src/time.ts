/** Times in UTC and in KST/JST (UTC+9), never in the browser's own zone alone. */

const KST_OFFSET_MS = 9 * 3_600_000;

/** Milliseconds since 1970 of an ISO 8601 UTC text, or null. */
export function millis(time_utc: string | null | undefined): number | null {
  if (!time_utc) return null;
  const value = Date.parse(time_utc);
  return Number.isNaN(value) ? null : value;
}

/** `03:04:31`, in UTC. */
export function clockUtc(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(11, 19);
}

/** `12:04:31`, in Korean and Japanese standard time. */
export function clockKst(time_ms: number): string {
  return clockUtc(time_ms + KST_OFFSET_MS);
}

/** `2025-01-06`, in UTC. */
export function dateUtc(time_ms: number): string {
  return new Date(time_ms).toISOString().slice(0, 10);
}

/** `4:12`, minutes and seconds of a span; hours where there are some. */
export function span(span_ms: number): string {
  const total_s = Math.floor(Math.abs(span_ms) / 1000);
  const [hours, minutes, seconds] = [Math.floor(total_s / 3600), Math.floor(total_s / 60) % 60, total_s % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}
