package checkpoint

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// folder is a place on this machine.
type folder string

var _ Place = folder("")

func (f folder) String() string { return string(f) }

func (f folder) List(_ context.Context, after string) ([]string, error) {
	d, err := os.Open(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	names, err := d.Readdirnames(-1)
	return sorted(names, after), err
}

func (f folder) Read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), name))
}

// Write makes the file appear whole: it is written and synced under another name, then linked, which fails where the name is
// taken.
func (f folder) Write(_ context.Context, name string, content []byte) (err error) {
	if err := os.MkdirAll(string(f), 0o750); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(string(f), ".new-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(tmp.Name())) }()
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), filepath.Join(string(f), name)); err != nil {
		return err
	}
	d, err := os.Open(string(f))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
