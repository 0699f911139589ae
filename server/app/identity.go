package app

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/resourcepool/resourcepool/server/ids"
)

// identity is what a server is recognised by after a restart: a name kept in the data folder, locked while it runs. The
// kernel drops the lock with the process, so whoever gets it knows that the former holder is gone, and what that one held
// can be released at once.
type identity struct {
	name string
	file *os.File
}

// claimIdentity takes the identity of a data folder. Where another running server has it, this one goes without: its holds
// are then released when its lease runs out.
func claimIdentity(dir string, source *ids.Source) (*identity, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("POOL_DATA_DIR: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "server.id"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("POOL_DATA_DIR: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // descriptors are small
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return &identity{}, nil
		}
		return nil, fmt.Errorf("POOL_DATA_DIR: lock: %w", err)
	}
	name, err := io.ReadAll(io.LimitReader(f, 64))
	if err == nil && len(name) == 0 {
		name = []byte(source.New(ids.Server))
		_, err = f.WriteAt(name, 0)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("POOL_DATA_DIR: %w", err)
	}
	return &identity{name: string(name), file: f}, nil
}

func (i *identity) release() {
	if i.file != nil {
		_ = i.file.Close()
	}
}
