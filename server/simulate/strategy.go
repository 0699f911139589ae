package simulate

// Strategy is a way to order the keys that may serve a request. All of them leave out the same keys, and put backups last.
type Strategy string

// The strategies.
const (
	Full       Strategy = "full"        // routing with all it knows
	Formula    Strategy = "formula"     // routing by its score without load, headroom and warmth
	RoundRobin Strategy = "round-robin" // one after the other
	LeastUsed  Strategy = "least-used"  // who got the fewest requests so far
)

// choose returns the key to try, of those that may serve in the order of routing.
func (s Strategy) choose(order []int, w *world) int {
	n := len(w.keys)
	var rank func(key int) int
	switch s {
	case RoundRobin:
		rank = func(key int) int { return (key - w.last - 1 + n) % n }
	case LeastUsed:
		rank = func(key int) int { return w.keys[key].tally.Requests*n + key }
	default:
		return order[0]
	}
	best := order[0]
	for _, key := range order[1:] {
		if w.keys[key].Backup == w.keys[best].Backup && rank(key) < rank(best) { // backups are behind all others
			best = key
		}
	}
	return best
}
