package main

var moneyMoves []control
