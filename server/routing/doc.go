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
// The penalties of the settings are for keys of the platform, for little quota and for a use within the last minute. Further
// ones spread requests that come at once and keep a conversation together; they are 1 where nothing is known:
//
//	in_flight   1 / (1 + requests in flight / capacity)     16 stands for a capacity that is not known
//	near_limit  from 1 at 70 % of a rate limit used up evenly down to 0.1 at all of it
//	cold_cache  0.6 where another regular candidate has the conversation's prompt in its cache, as long as that one's
//	            in_flight × near_limit is 0.4 or more: under heavy load it lets the conversation go
//
// That a key was used recently is not held against it by the conversation that is in its cache.
//
// A candidate that can't serve is left out before scoring, with one reason: first what the caller found (Exclusion), then an
// expiry, a quota that can't cover the request, a cooldown, as many requests in flight as its capacity. Backups come after
// all others, in the order of their own scores. Ties go to the least recently used, then to the one with more available
// quota, then to the smaller id.
//
// Invariants: Order has every candidate that is not excluded, once; every excluded candidate has a reason; a further
// failure never raises a score, nor does more load; a backup is never before one that is none; warmth puts no key back.
//
// The health that feeds all this is kept by Observe, or for a batch of observations at once by Delta.
//
// Imports: fault, ids, money.
package routing
