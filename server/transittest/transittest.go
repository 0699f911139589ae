// Package transittest gives a test a key service in its own process that speaks the API of HashiCorp Vault's transit engine,
// with real encryption and versions of its key. Only tests import it. Imports: nothing of ours.
package transittest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Service is one key named "pool".
type Service struct {
	URL       string // of the key
	TokenFile string
	Calls     atomic.Int64

	mu       sync.Mutex
	token    string
	versions []cipher.AEAD
	least    int
}

// New starts one with a first version of its key. It ends with the test.
func New(tb testing.TB) *Service {
	tb.Helper()
	s := &Service{TokenFile: filepath.Join(tb.TempDir(), "token")}
	s.Renew(tb, "hvs.first")
	s.Rotate(tb)
	server := httptest.NewServer(http.HandlerFunc(s.serve))
	tb.Cleanup(server.Close)
	s.URL = server.URL + "/v1/transit/keys/pool"
	return s
}

// Renew changes the token, in the service and in the file.
func (s *Service) Renew(tb testing.TB, token string) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = token
	if err := os.WriteFile(s.TokenFile, []byte(token+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Rotate gives the key another version.
func (s *Service) Rotate(tb testing.TB) {
	tb.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		tb.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		tb.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions = append(s.versions, gcm)
}

// Forget refuses what was encrypted by any version but the last, as min_decryption_version does.
func (s *Service) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.least = len(s.versions)
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.Calls.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct{ Plaintext, Ciphertext string }
	data, err := map[string]string(nil), json.NewDecoder(r.Body).Decode(&in)
	switch {
	case r.Header.Get("X-Vault-Token") != s.token:
		refuse(w, http.StatusForbidden, "permission denied")
		return
	case err != nil:
	case r.URL.Path == "/v1/transit/encrypt/pool":
		data, err = s.encrypt(in.Plaintext)
	case r.URL.Path == "/v1/transit/decrypt/pool":
		data, err = s.decrypt(in.Ciphertext)
	default:
		refuse(w, http.StatusNotFound, "no handler for route")
		return
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{why}})
}

func (s *Service) encrypt(plaintext string) (map[string]string, error) {
	plain, err := base64.StdEncoding.DecodeString(plaintext)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, 12)
	_, _ = rand.Read(nonce)
	box := s.versions[len(s.versions)-1].Seal(nonce, nonce, plain, nil)
	return map[string]string{"ciphertext": fmt.Sprintf("vault:v%d:%s", len(s.versions), base64.StdEncoding.EncodeToString(box))}, nil
}

func (s *Service) decrypt(ciphertext string) (map[string]string, error) {
	var version int
	text := strings.SplitN(ciphertext, ":", 3)
	if len(text) != 3 {
		return nil, fmt.Errorf("invalid ciphertext: no prefix")
	}
	if _, err := fmt.Sscanf(text[1], "v%d", &version); err != nil || version < 1 || version > len(s.versions) {
		return nil, fmt.Errorf("invalid ciphertext: version is not known")
	}
	if version < s.least {
		return nil, fmt.Errorf("ciphertext or signature version is disallowed by policy (too old)")
	}
	box, err := base64.StdEncoding.DecodeString(text[2])
	if err != nil || len(box) < 12 {
		return nil, fmt.Errorf("invalid ciphertext: could not decode base64")
	}
	plain, err := s.versions[version-1].Open(nil, box[:12], box[12:], nil)
	if err != nil {
		return nil, fmt.Errorf("cipher: message authentication failed")
	}
	return map[string]string{"plaintext": base64.StdEncoding.EncodeToString(plain)}, nil
}
