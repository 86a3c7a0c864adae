# The ways to place eleven queens: recursion, masks of bits.
work:
	addi	sp, sp, -16
	sw	ra, 12(sp)
	li	s1, 2047		# a bit for each column
	li	a0, 0			# columns taken
	li	a1, 0			# diagonals taken, to the left
	li	a2, 0			# and to the right
	call	place
	lw	ra, 12(sp)
	addi	sp, sp, 16
	ret

# a0 = the ways to go on from columns a0 and diagonals a1 and a2
place:
	bne	a0, s1, look
	li	a0, 1
	ret
look:
	addi	sp, sp, -32
	sw	ra, 28(sp)
	sw	s2, 24(sp)
	sw	s3, 20(sp)
	sw	s4, 16(sp)
	sw	s5, 12(sp)
	sw	s6, 8(sp)
	mv	s2, a0
	mv	s3, a1
	mv	s4, a2
	or	s5, a0, a1
	or	s5, s5, a2
	not	s5, s5
	and	s5, s5, s1		# the free columns
	li	s6, 0
	j	more
next:
	neg	t0, s5
	and	t0, t0, s5		# the lowest of them
	xor	s5, s5, t0
	or	a0, s2, t0
	or	a1, s3, t0
	slli	a1, a1, 1
	or	a2, s4, t0
	srli	a2, a2, 1
	call	place
	add	s6, s6, a0
more:
	bnez	s5, next
	mv	a0, s6
	lw	ra, 28(sp)
	lw	s2, 24(sp)
	lw	s3, 20(sp)
	lw	s4, 16(sp)
	lw	s5, 12(sp)
	lw	s6, 8(sp)
	addi	sp, sp, 32
	ret
