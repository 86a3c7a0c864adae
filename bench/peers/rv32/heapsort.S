# 16,384 random words put in order by heapsort: branches that nobody can foresee.
work:
	addi	sp, sp, -16
	sw	ra, 12(sp)
	la	s1, words
	li	s2, 16384
	li	t0, 2463534242
	mv	t1, s1
	mv	t2, s2
fill:
	slli	t3, t0, 13
	xor	t0, t0, t3
	srli	t3, t0, 17
	xor	t0, t0, t3
	slli	t3, t0, 5
	xor	t0, t0, t3
	sw	t0, 0(t1)
	addi	t1, t1, 4
	addi	t2, t2, -1
	bnez	t2, fill
	srli	s3, s2, 1
heap:
	addi	s3, s3, -1
	mv	a0, s3
	mv	a1, s2
	call	sift
	bnez	s3, heap
	addi	s3, s2, -1
take:
	slli	t0, s3, 2
	add	t0, s1, t0
	lw	t1, 0(t0)
	lw	t2, 0(s1)
	sw	t2, 0(t0)
	sw	t1, 0(s1)
	li	a0, 0
	mv	a1, s3
	call	sift
	addi	s3, s3, -1
	bnez	s3, take
	li	a0, 0
	mv	t1, s1
	mv	t2, s2
sum:
	slli	t3, a0, 5
	sub	a0, t3, a0
	lw	t3, 0(t1)
	add	a0, a0, t3
	addi	t1, t1, 4
	addi	t2, t2, -1
	bnez	t2, sum
	lw	ra, 12(sp)
	addi	sp, sp, 16
	ret

# lets word a0 sink to its place in the heap of a1 words
sift:
	slli	t0, a0, 2
	add	t0, s1, t0
	lw	t1, 0(t0)		# the word
	j	deeper
lift:
	sw	t4, 0(t0)
	mv	t0, t3
	mv	a0, t2
deeper:
	slli	t2, a0, 1
	addi	t2, t2, 1		# the child
	bgeu	t2, a1, settled
	slli	t3, t2, 2
	add	t3, s1, t3
	lw	t4, 0(t3)
	addi	t5, t2, 1
	bgeu	t5, a1, larger
	lw	a2, 4(t3)
	bgeu	t4, a2, larger
	mv	t4, a2
	mv	t2, t5
	addi	t3, t3, 4
larger:
	bltu	t1, t4, lift
settled:
	sw	t1, 0(t0)
	ret

	.data
words:	.zero	65536
