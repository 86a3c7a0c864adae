# Turns of a little work, each with its yield, for as long as anybody watches. What a turn does comes from
# the thread's own random numbers: four kinds of work, five places that yield, one of them in a function.
# The thread's memory, at a0: random number, sum, turns left, the sum when none were, four words.
work:
	mv	s0, a0
turn:
	lw	a1, 0(s0)
	slli	a2, a1, 13
	xor	a1, a1, a2
	srli	a2, a1, 17
	xor	a1, a1, a2
	slli	a2, a1, 5
	xor	a1, a1, a2
	sw	a1, 0(s0)
	lw	a3, 4(s0)
	srli	a2, a1, 30
	beqz	a2, brief
	addi	a2, a2, -1
	beqz	a2, walk
	addi	a2, a2, -1
	beqz	a2, compare
	call	mix
	lw	a3, 4(s0)
	xor	a3, a3, a0
	sw	a3, 4(s0)
	kcall	lwkt_yield
	j	done
brief:
	add	a3, a3, a1
	sw	a3, 4(s0)
	kcall	lwkt_yield
	j	done
walk:
	andi	a2, a1, 7		# as many steps, and one
step:
	slli	a4, a3, 5
	sub	a3, a4, a3
	andi	a4, a2, 3
	slli	a4, a4, 2
	add	a4, s0, a4
	lw	a5, 16(a4)
	add	a3, a3, a5
	andi	a4, a2, 6
	slli	a4, a4, 1
	add	a4, s0, a4
	lw	a5, 16(a4)
	add	a5, a5, a3
	sw	a5, 16(a4)
	mv	a4, a2
	addi	a2, a2, -1
	bnez	a4, step
	sw	a3, 4(s0)
	kcall	lwkt_yield
	j	done
compare:
	bgeu	a3, a1, larger
	sub	a3, a1, a3
	sw	a3, 4(s0)
	j	compared
larger:
	srli	a2, a1, 3
	xor	a3, a3, a2
	sw	a3, 4(s0)
	andi	a2, a1, 3
	slli	a2, a2, 2
	add	a2, s0, a2
	lw	a4, 16(a2)
	addi	a4, a4, 1
	sw	a4, 16(a2)
compared:
	kcall	lwkt_yield
done:
	lw	a2, 8(s0)
	addi	a2, a2, -1
	sw	a2, 8(s0)
	bnez	a2, turn
	lw	a3, 4(s0)
	sw	a3, 12(s0)
	j	turn

# a0 = one of the words, mixed with a1; between its load and its store others run
mix:
	srli	a2, a1, 8
	andi	a2, a2, 3
	slli	a2, a2, 2
	add	a2, s0, a2
	lw	a4, 16(a2)
	xor	s1, a4, a1
	kcall	lwkt_yield
	srli	a2, a1, 10
	andi	a2, a2, 3
	slli	a2, a2, 2
	add	a2, s0, a2
	sw	s1, 16(a2)
	li	a2, 2654435769
	mul	a0, s1, a2
	ret
