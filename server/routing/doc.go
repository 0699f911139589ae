// Package routing chooses the key that serves a request, and says why.
//
// Decide is pure: the time, the settings and everything known of the candidates go in, an order of attempts and its
// explanation come out. It does no I/O, keeps no state, and gives the same answer whatever the order of its input.
//
//	score = (0.4·cost + 0.3·performance + 0.3·reliability) × penalties        the highest is tried first
//
//	cost        = ½ expiring   clamp(1 − days left / 30, 0, 1); 0 without an expiry
//	            + ½ cheapness  cheapest / own expected cost of this request; own 0 counts as 1
//	performance = ½ speed      fastest / own time per output token, a moving average
//	            + ½ success    moving average of success
//	reliability = ½ history    (successes + 19) / (requests + 20)
//	            + ½ stability  1 − k/(k+3) · 2^(−t / 10 min), k failures in a row, t since the last of them
//
// What was never measured counts as 1. The cheapest and the fastest are those of all scored candidates, backups included,
// so that all scores of a decision are on one scale. Every part is in [0, 1], and so is the score; none is ever NaN,
// whatever health a row may hold.
//
// A candidate that can't serve is left out before scoring, with one reason: first what the caller found (Exclusion), then a
// quota that can't cover the request, then a cooldown. Backups come after all others, in the order of their own scores.
// Ties go to the least recently used, then to the one with more available quota, then to the smaller id.
//
// Invariants: Order has every candidate that is not excluded, once; every excluded candidate has a reason; a further
// failure never raises a score; a backup is never before one that is none.
//
// The health that feeds all this is kept by Observe, or for a batch of observations at once by Delta.
//
// Imports: fault, ids, money.
package routing
