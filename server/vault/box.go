package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	boxVersion = 1
	keyLen     = 32 // AES-256
	saltLen    = 32
	nonceLen   = 12 // GCM's own
)

// errBox says that a box was made under another key, bound to something else, or changed.
var errBox = errors.New("vault: the ciphertext does not open")

// sealBox encrypts plain: version ‖ salt ‖ AES-256-GCM. Key and nonce are derived from a fresh salt for every box, so that
// one key can seal any number of them; 96 random bits of nonce under one key would set a limit that recorded answers reach.
func sealBox(random io.Reader, key, bound, plain []byte) ([]byte, error) {
	box := make([]byte, 1+saltLen, 1+saltLen+len(plain)+aes.BlockSize)
	box[0] = boxVersion
	if _, err := io.ReadFull(random, box[1:]); err != nil {
		return nil, fmt.Errorf("vault: no randomness: %w", err)
	}
	gcm, nonce, err := boxCipher(key, box[1:])
	if err != nil {
		return nil, err
	}
	return gcm.Seal(box, nonce, plain, associated(box[0], bound)), nil
}

// openBox returns what sealBox encrypted under the same key and bound to the same data, else errBox.
func openBox(key, bound, box []byte) ([]byte, error) {
	if len(box) < 1+saltLen || box[0] != boxVersion {
		return nil, errBox
	}
	gcm, nonce, err := boxCipher(key, box[1:1+saltLen])
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, box[1+saltLen:], associated(box[0], bound))
	if err != nil {
		return nil, errBox
	}
	return plain, nil
}

func boxCipher(key, salt []byte) (cipher.AEAD, []byte, error) {
	derived, err := hkdf.Expand(sha256.New, key, "resourcepool vault box"+string(salt), keyLen+nonceLen)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: derive a key: %w", err)
	}
	defer clear(derived[:keyLen])
	block, err := aes.NewCipher(derived[:keyLen])
	if err != nil {
		return nil, nil, fmt.Errorf("vault: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: %w", err)
	}
	return gcm, derived[keyLen:], nil
}

// associated puts the version under the seal too.
func associated(version byte, bound []byte) []byte { return append([]byte{version}, bound...) }

// bind writes parts so that no two lists of parts give the same bytes.
func bind(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p))) //nolint:gosec // parts are ids, names and hosts
		out = append(out, p...)
	}
	return out
}
