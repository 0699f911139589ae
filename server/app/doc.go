// Package app puts the program together: the commands, the wiring by hand (wire.go), and the order in which everything
// starts and stops (run.go). Imports: everything.
package app
