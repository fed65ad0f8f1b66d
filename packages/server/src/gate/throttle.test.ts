import { equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { createThrottle } from './throttle.ts'

test('throttle: an address waits after its failures of a minute, and others do not', () => {
  const throttle = createThrottle(10)
  for (let i = 0; i < 9; i++) throttle.failed('192.0.2.1', 0)
  equal(throttle.wait('192.0.2.1', 0), 0)
  throttle.failed('192.0.2.1', 0)
  ok(throttle.wait('192.0.2.1', 0) > 0)
  equal(throttle.wait('192.0.2.2', 0), 0)
  equal(throttle.wait('192.0.2.1', 60_000), 0)
})

test('throttle: a clock set back neither frees nor blocks for ever', () => {
  const throttle = createThrottle(10)
  for (let i = 0; i < 10; i++) throttle.failed('192.0.2.1', 100_000)
  ok(throttle.wait('192.0.2.1', 0) > 0)
  equal(throttle.wait('192.0.2.1', 200_000), 0)
})

test('throttle: zero means no limit', () => {
  const throttle = createThrottle(0)
  for (let i = 0; i < 1000; i++) throttle.failed('192.0.2.1', 0)
  equal(throttle.wait('192.0.2.1', 0), 0)
})

test('throttle: one network of IPv6 counts as one address', () => {
  const throttle = createThrottle(10)
  for (let i = 0; i < 10; i++) throttle.failed(`2001:db8:1:2::${i}`, 0)
  ok(throttle.wait('2001:db8:1:2:aaaa:bbbb:cccc:dddd', 0) > 0)
  equal(throttle.wait('2001:db8:1:3::1', 0), 0)
})
