package main

var keys []control
