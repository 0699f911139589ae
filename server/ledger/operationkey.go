package ledger

import "crypto/subtle"

// operation is what is on record under an operation key.
type operation struct {
	inputHash []byte
	done      bool
	answer    []byte
}

// answerTo returns what a repetition with this key gets: the recorded answer, ErrPending while the first one runs, or
// ErrIdempotency where its input was another.
func (o *operation) answerTo(k *Key) ([]byte, error) {
	switch {
	case subtle.ConstantTimeCompare(o.inputHash, k.InputHash) == 0:
		return nil, ErrIdempotency
	case !o.done:
		return nil, ErrPending
	}
	return o.answer, nil
}
