package main

var content []control
