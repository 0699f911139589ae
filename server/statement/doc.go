// Package statement writes a person's own statement as a file of comma-separated values, for spreadsheets and
// bookkeeping.
//
// The file is what the statement was when it was asked for, oldest line first; amounts are exact decimals. It is read and
// written page by page, so that its length costs no memory, and no text in it can act as a formula where it is opened.
//
// Imports: ledger, access, fault, clock, money, ids.
package statement
